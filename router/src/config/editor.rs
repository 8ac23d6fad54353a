//! The configuration while lines are being put into it.
//!
//! One line at a time goes in ([`Editor::apply_line`]), from a file or, later, from `configure terminal`; what it
//! did comes back. The editor knows the block the next line stands in, keeps the [`Script`] of the lines that
//! count, and the [`Draft`] of what they say. Taking a line back makes the draft stale; it is then made anew from
//! the script, which is also how one can be sure that what is printed means what is running.

use super::Desired;
use super::draft::Draft;
use super::finding::{Account, Finding, Findings, Severity};
use super::grammar::{self, Fault, Found};
use super::lex::{Lexed, Line, Word, lex};
use super::pattern::Misfit;
use super::place::Place;
use super::resolve;
use super::row::{Effect, Negation, Row};
use super::script::{Before, Script};
use super::section::{Orphans, Skipping};
use super::statement::{Complaint, Spot, Statement};
use super::value::Value;

/// A configuration that takes lines.
#[derive(Clone, Debug, Default)]
pub struct Editor {
    draft: Draft,
    script: Script,
    place: Place,
    skipping: Option<Skipping>,
    orphans: Option<Orphans>,
    stale: bool,
    findings: Findings,
    account: Account,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineOutcome {
    /// There was nothing on it.
    Blank,
    /// It was acted on.
    Acted,
    /// It was accepted and has no effect here.
    WithoutEffect,
    /// It is part of a section that is skipped.
    Skipped,
    /// It fits no row.
    Unfit(Fault),
    /// It fits a row, but asks for something that cannot be.
    Refused,
}

/// The handler of a line that opens a block.
type Opener = fn(&mut Draft, &Statement) -> Result<Place, Complaint>;

impl Editor {
    /// Puts in the next line of a file, without its line feed.
    pub fn apply_line(&mut self, octets: &[u8]) -> LineOutcome {
        self.account.lines += 1;
        let outcome = match lex(octets) {
            Lexed::Blank => LineOutcome::Blank,
            Lexed::Line(line) => self.apply(&line),
            Lexed::Malformed { .. } if self.skipping.is_some() => LineOutcome::Skipped,
            Lexed::Malformed { column, message } => {
                self.find(column, Severity::Error, message.into(), None);
                LineOutcome::Unfit(Fault::Unknown)
            }
        };
        match outcome {
            LineOutcome::Blank => {}
            LineOutcome::Acted => self.account.acted_on += 1,
            LineOutcome::WithoutEffect => self.account.without_effect += 1,
            LineOutcome::Skipped => self.account.skipped += 1,
            LineOutcome::Unfit(_) | LineOutcome::Refused => self.account.errors += 1,
        }
        outcome
    }

    /// Leaves all blocks, as `end` does.
    pub fn leave(&mut self) {
        self.place = Place::Top;
        self.skipping = None;
        self.orphans = None;
    }

    /// What is asked for now, with what there is to say of the whole.
    pub fn resolve(&mut self) -> (Desired, Findings) {
        if std::mem::take(&mut self.stale) {
            self.draft = replay(&self.script);
        }
        let mut findings = self.findings.clone();
        let desired = resolve::resolve(&self.draft, &mut findings);
        findings.sort();
        (desired, findings)
    }

    /// The block the next line stands in.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The lines that count.
    #[must_use]
    pub const fn script(&self) -> &Script {
        &self.script
    }

    /// What became of the lines so far.
    #[must_use]
    pub const fn account(&self) -> Account {
        self.account
    }

    /// What there is to say of single lines so far.
    #[must_use]
    pub const fn findings(&self) -> &Findings {
        &self.findings
    }

    /// What there is to say of the lines since this was asked last.
    pub fn take_findings(&mut self) -> Findings {
        std::mem::take(&mut self.findings)
    }

    fn apply(&mut self, line: &Line<'_>) -> LineOutcome {
        if let Some(skipping) = self.skipping {
            if !skipping.is_ended_by(line, &self.place) {
                self.skipping = Some(skipping.past(line));
                return LineOutcome::Skipped;
            }
            self.skipping = None;
            if line.is(skipping.section.closed_by) {
                return LineOutcome::Skipped;
            }
        }
        if let Some(orphans) = self.orphans.take().and_then(|orphans| orphans.past(line)) {
            if orphans.is_first() {
                let message =
                    format!("left out with the lines after it: their block is wrong (line {})", orphans.head);
                self.find(column(line), Severity::Warning, message, None);
            }
            self.orphans = orphans.next();
            return LineOutcome::Skipped;
        }
        let mut place = Some(self.place.clone());
        let mut misfit: Option<Misfit> = None;
        while let Some(at) = place {
            match grammar::find(at.node(), &line.words) {
                Ok(found) => {
                    self.step_out(&at, &found, line);
                    return self.take(&found, line);
                }
                Err(None) => {
                    misfit = None;
                    break;
                }
                Err(Some(here)) => match &mut misfit {
                    Some(misfit) => misfit.merge(here),
                    None => misfit = Some(here),
                },
            }
            place = at.parent();
        }
        // To find out what was meant takes longer than to read the line; a file of garbage must not take for ever.
        let misfit = misfit.map(|misfit| match self.findings.errors() < MOST_EXPLAINED {
            true => misfit,
            false => Misfit { at: misfit.at, expected: Vec::new() },
        });
        let unfit = grammar::explain(line, misfit);
        self.orphans = Orphans::of(line, self.line_number());
        self.find(unfit.column, Severity::Error, unfit.message, unfit.hint);
        LineOutcome::Unfit(unfit.fault)
    }

    /// Moves to the block whose table the line was found in.
    fn step_out(&mut self, at: &Place, found: &Found, line: &Line<'_>) {
        let from_family = matches!(self.place, Place::Family(_)) && *at == Place::Bgp;
        let opens = matches!(found.row.effect, Effect::Enter(_) | Effect::Skip(_) | Effect::Leave);
        if from_family && self.place != Place::Family(bgp_core::Family::Ipv4Unicast) && !opens {
            let message = "this line belongs to `router bgp`: so do the lines after it".into();
            let hint = format!("put it before `address-family {}`", self.place.family());
            self.find(column(line), Severity::Warning, message, Some(hint));
        }
        self.place = at.clone();
    }

    fn take(&mut self, found: &Found, line: &Line<'_>) -> LineOutcome {
        let statement = self.statement(found, line);
        let outcome = match (found.row.effect, found.negated) {
            (Effect::Leave, _) => {
                let top = line.is("end");
                self.place = if top { Place::Top } else { self.place.parent().unwrap_or_default() };
                return LineOutcome::Acted;
            }
            (Effect::Skip(section), _) => {
                self.skipping = Some(Skipping::new(section, line));
                let head = line.words.iter().map(|word| word.text).take(3).collect::<Vec<_>>().join(" ");
                let message = format!("`{head}` is skipped with all its lines: {}", section.reason);
                self.find(statement.spot.column, Severity::Warning, message, None);
                return LineOutcome::Skipped;
            }
            (Effect::Enter(handler), false) => self.enter(handler, &statement),
            (Effect::Enter(handler), true) => return self.close(handler, &statement),
            (Effect::Sweep, _) => return self.sweep(&statement),
            (Effect::Idle(severity, reason), _) => {
                if !found.row.noise {
                    self.file(&statement);
                }
                return self.idle(statement.spot, severity, reason);
            }
            (Effect::Act(_), true) if self.takes_back(found, &statement) => {
                return self.take_back(&statement);
            }
            (Effect::Act(handler), _) => handler(&mut self.draft, &statement),
        };
        match outcome {
            Ok(()) => {
                self.announce(found.row, statement.spot);
                let acts = matches!(found.row.effect, Effect::Act(_));
                if let Some(message) = acts.then(|| self.file(&statement)).flatten() {
                    self.find(statement.spot.column, Severity::Warning, message, None);
                }
                match found.row.unused {
                    Some((severity, reason)) => self.idle(statement.spot, severity, reason),
                    None => LineOutcome::Acted,
                }
            }
            Err(complaint) => {
                // Words that were filled in are not on the line.
                let filled_in = statement.values.len() - found.fit.values.len();
                let word = complaint.word.map_or(0, |word| word.saturating_sub(filled_in));
                self.orphans = Orphans::of(line, self.line_number());
                self.refuse(complaint, line.words.get(word + usize::from(found.negated)))
            }
        }
    }

    fn statement(&self, found: &Found, line: &Line<'_>) -> Statement {
        let family = self.place == Place::Bgp && grammar::is_family_row(found.row);
        let place = match family {
            true => Place::Family(bgp_core::Family::Ipv4Unicast),
            false => self.place.clone(),
        };
        let spot = Spot { line: self.line_number(), column: column(line) };
        let (values, keyed) = (found.fit.values.clone(), found.fit.keyed.clone());
        let mut statement = Statement { place, values, keyed, negated: found.negated, spot };
        if let Some(next) = found.row.numbered.filter(|_| !statement.has("seq") && !statement.negated) {
            let number = next(&self.draft, &statement);
            let action = |value: &Value| matches!(value, Value::Keyword("permit" | "deny"));
            let at = statement.values.iter().position(action).unwrap_or(statement.values.len());
            statement.values.splice(at..at, [Value::Keyword("seq"), Value::Number(number)]);
            statement.keyed.splice(at..at, [true, true]);
        }
        statement
    }

    fn enter(&mut self, handler: Opener, statement: &Statement) -> Result<(), Complaint> {
        let place = handler(&mut self.draft, statement)?;
        let head = match &place {
            Place::Family(family) => format!("address-family {family}"),
            _ => statement.written(),
        };
        self.script.open(place.clone(), head);
        self.place = place;
        Ok(())
    }

    /// `no` before the head of a block.
    fn close(&mut self, handler: Opener, statement: &Statement) -> LineOutcome {
        // A scratch draft: which block is meant is all that is asked.
        let place = handler(&mut Draft::default(), statement);
        let was = place.is_ok_and(|place| self.script.close(&place));
        self.taken_back(was, statement)
    }

    /// `no` before a line that stands for all that begin so.
    fn sweep(&mut self, statement: &Statement) -> LineOutcome {
        let words = statement.written();
        let was = match words.split_once(' ') {
            Some(("router", _)) => self.script.close(&Place::Bgp),
            Some(("route-map", name)) => self.script.close_route_map(name),
            Some(_) | None => self.script.sweep(&statement.place, &words),
        };
        self.taken_back(was, statement)
    }

    /// True if `no` before this line takes it back, rather than being a setting.
    fn takes_back(&self, found: &Found, statement: &Statement) -> bool {
        match found.row.negation {
            Negation::Removes => true,
            Negation::Sets => false,
            // Without a group there is nothing to override: the default is what is left.
            Negation::Overrides => {
                let member = statement.peer().map(|peer| format!("neighbor {peer} peer-group"));
                let is_member = member.is_ok_and(|key| self.script.has(&Place::Bgp, &key));
                !is_member && self.script.has(&statement.place, &statement.key())
            }
        }
    }

    fn take_back(&mut self, statement: &Statement) -> LineOutcome {
        let was = self.script.take_back(&statement.place, &statement.key());
        self.taken_back(was, statement)
    }

    fn taken_back(&mut self, was: bool, statement: &Statement) -> LineOutcome {
        if was {
            self.stale = true;
            if self.script.block(&Place::Bgp).is_none() {
                // Another AS may come next.
                self.draft.bgp = None;
            }
            if let Place::Interface(name) = &statement.place {
                // A virtual router of another version may come next.
                self.draft.vrrp_versions.retain(|(interface, _), _| interface != name);
            }
            return LineOutcome::Acted;
        }
        let message = "no effect here: there is nothing to take back".into();
        self.find(statement.spot.column, Severity::Note, message, None);
        LineOutcome::WithoutEffect
    }

    /// Keeps a line; says so if it comes on top of another.
    fn file(&mut self, statement: &Statement) -> Option<String> {
        let body = statement.written();
        let text = if statement.negated { format!("no {body}") } else { body };
        let before = self.script.file(&statement.place, statement.key(), (text, statement.spot));
        match before {
            Before::Nothing => None,
            Before::Same(spot) => Some(format!("repeats line {}", spot.line)),
            Before::Other(spot) => Some(format!("overrides line {}", spot.line)),
        }
    }

    fn idle(&mut self, spot: Spot, severity: Severity, reason: &str) -> LineOutcome {
        self.find(spot.column, severity, format!("no effect here: {reason}"), None);
        LineOutcome::WithoutEffect
    }

    /// Says what is lacking.
    fn announce(&mut self, row: &Row, spot: Spot) {
        if let Some(reason) = row.lacking {
            self.find(spot.column, Severity::Warning, reason.into(), None);
        }
    }

    fn refuse(&mut self, complaint: Complaint, word: Option<&Word<'_>>) -> LineOutcome {
        let column = word.map_or(1, |word| word.column);
        self.find(column, Severity::Error, complaint.message, complaint.hint);
        LineOutcome::Refused
    }

    fn line_number(&self) -> u32 {
        u32::try_from(self.account.lines).unwrap_or(u32::MAX)
    }

    fn find(&mut self, column: u32, severity: Severity, message: String, hint: Option<String>) {
        let line = self.line_number();
        self.findings.push(Finding { line, column, severity, message, hint });
    }
}

/// The draft that the lines of a script say.
fn replay(script: &Script) -> Draft {
    let mut editor = Editor::default();
    for (place, block) in script.blocks() {
        editor.leave();
        if let Place::Family(_) = place {
            editor.place = Place::Bgp;
        }
        if !block.head.is_empty() {
            editor.again(&block.head, Spot::default());
        }
        for (_, entry) in block.in_order() {
            editor.again(&entry.text, entry.spot);
        }
    }
    editor.draft
}

impl Editor {
    /// Puts in a line that was taken before, in its old place of the file.
    fn again(&mut self, text: &str, spot: Spot) {
        self.account.lines = usize::try_from(spot.line).unwrap_or(0).saturating_sub(1);
        self.apply_line(text.as_bytes());
    }
}

fn column(line: &Line<'_>) -> u32 {
    line.words.first().map_or(1, |word| word.column)
}

/// Errors past this many say only where they are.
const MOST_EXPLAINED: usize = 1000;
