//! More routes, and more feeds of the same routes: whether cost grows with them evenly.

use anyhow::Result;

use super::feeds::megabytes;
use super::{Settings, made_up};
use crate::contender::Contender;
use crate::plan::Plan;
use crate::report::{Figure, Limit};
use crate::stand::{Loaded, Stand};

/// Four sizes of table, four numbers of feeds. Who runs out of patience has no figures for what is larger.
pub fn measure(contender: Contender, settings: &Settings, figures: &mut Vec<Figure>) -> Result<()> {
    let routes = [0.25, 0.5, 1.0, 2.0]
        .map(|millions| (millions, format!("{millions} M routes"), (millions * 1e6) as u32, 1));
    let feeds = [1, 2, 4, 8].map(|feeds| (f64::from(feeds), format!("{feeds} feeds"), 1_200_000, feeds));
    for series in [routes, feeds] {
        let mut costs = Vec::new();
        for (size, what, prefixes, feeds) in series {
            let loaded = match load(contender, prefixes, feeds, settings) {
                Ok(loaded) => loaded,
                Err(error) => {
                    eprintln!("{what}: {error:#}");
                    break;
                }
            };
            let processor = loaded.processor.as_secs_f64();
            figures.push(Figure::new(format!("{what}: settled, s"), loaded.settled.as_secs_f64()));
            figures.push(Figure::new(format!("{what}: processor, s"), processor));
            figures.push(Figure::new(format!("{what}: resident, MB"), megabytes(loaded.resident)));
            costs.push((what, processor / size, megabytes(loaded.resident) / size));
        }
        let [(first, processor, resident), .., (last, processor_then, resident_then)] = &costs[..] else {
            continue;
        };
        let step = costs.windows(2).map(|pair| pair[1].1 / pair[0].1).fold(0.0, f64::max);
        let title = format!("{last} to {first}, by the piece");
        figures.extend([
            Figure::new(format!("{title}: processor"), processor_then / processor),
            // No knee: twice as much must not be much dearer by the piece.
            Figure::new(format!("{title}: processor, largest step"), step).limit(Limit::AtMost(1.3)),
            Figure::new(format!("{title}: resident"), resident_then / resident).limit(Limit::AtMost(1.0)),
        ]);
    }
    Ok(())
}

fn load(contender: Contender, prefixes: u32, feeds: u16, settings: &Settings) -> Result<Loaded> {
    let mut stand = Stand::start(contender, &Plan::new(feeds, 1), settings.patience)?;
    let tables: Vec<_> = (0..feeds).map(|feed| made_up(prefixes, feed)).collect();
    stand.load(&tables, prefixes as usize)
}
