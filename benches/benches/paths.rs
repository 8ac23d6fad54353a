//! The core paths in time, each on the data that `work` describes.
//!
//! `cargo bench -p benches --bench paths [WORD]`. A repetition is a whole table, or a hundred packets; the
//! throughput is in prefixes, packets and so on.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

mod work;

fn paths(criterion: &mut Criterion) {
    for path in work::PATHS {
        let mut group = criterion.benchmark_group(path.name);
        group.sampling_mode(SamplingMode::Flat).sample_size(20).measurement_time(Duration::from_secs(3));
        let mut work = (path.begin)();
        group.throughput(Throughput::Elements(work.units as u64));
        group.bench_function(format!("per {}", path.unit), |bencher| {
            bencher.iter_custom(|repetitions| {
                let mut taken = Duration::ZERO;
                for _ in 0..repetitions {
                    work.ready();
                    let start = Instant::now();
                    black_box(work.run());
                    taken += start.elapsed();
                }
                taken
            });
        });
        group.finish();
    }
}

criterion_group!(benches, paths);
criterion_main!(benches);
