//! A push writer for JSON in the layouts that FRR's users and their scripts have seen for years.
//!
//! Two layouts: *pretty*, two blanks a level, no blank after the colon, every bracket on a line of its own, also
//! around nothing; and *plain*, all on one line. Keys come in the order they are pushed. Closures close what they
//! open, so that the text is well-formed by construction; [`member`] writes one member of an object whose
//! braces are written elsewhere, for objects too large to be held.

use core::fmt::Display;
use std::fmt::Write as _;

/// How the text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// True for lines and indentation.
    pub(crate) is_pretty: bool,
    /// True if `/` is written `\/`.
    pub(crate) escapes_slash: bool,
}

/// The inside of an object.
#[derive(Debug)]
pub(crate) struct Object<'o>(Level<'o>);

/// The inside of an array.
#[derive(Debug)]
pub(crate) struct Array<'o>(Level<'o>);

#[derive(Debug)]
struct Level<'o> {
    out: &'o mut String,
    layout: Layout,
    depth: usize,
    is_empty: bool,
}

/// Lines and indentation, slashes as they are.
pub(crate) const PRETTY: Layout = Layout { is_pretty: true, escapes_slash: false };
/// Lines and indentation, slashes escaped: `show bgp neighbors json`.
pub(crate) const PRETTY_ESCAPED: Layout = Layout { is_pretty: true, escapes_slash: true };
/// One line.
pub(crate) const PLAIN: Layout = Layout { is_pretty: false, escapes_slash: false };

/// Writes a whole object, without a newline after it.
pub(crate) fn object(out: &mut String, layout: Layout, body: impl FnOnce(&mut Object<'_>)) {
    write_object(out, layout, 0, body);
}

/// Writes a whole array, without a newline after it.
pub(crate) fn array(out: &mut String, layout: Layout, body: impl FnOnce(&mut Array<'_>)) {
    write_array(out, layout, 0, body);
}

/// Writes members of a pretty object whose braces are written elsewhere, `depth` objects deep; the comma before
/// them unless they are the first.
pub(crate) fn members(out: &mut String, depth: usize, is_first: bool, body: impl FnOnce(&mut Object<'_>)) {
    body(&mut Object(Level { out, layout: PRETTY, depth, is_empty: is_first }));
}

impl Object<'_> {
    /// A string.
    pub(crate) fn string(&mut self, key: &str, value: impl Display) {
        self.0.key(key);
        self.0.string(&value);
    }

    /// A string, if there is one.
    pub(crate) fn maybe_string(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.string(key, value);
        }
    }

    /// A whole number.
    pub(crate) fn number(&mut self, key: &str, value: impl Into<i128>) {
        self.0.key(key);
        self.0.raw(&value.into());
    }

    /// A number with a fraction, in 17 digits.
    pub(crate) fn real(&mut self, key: &str, value: f64) {
        self.0.key(key);
        self.0.raw(&real(value));
    }

    /// A truth value.
    pub(crate) fn boolean(&mut self, key: &str, value: bool) {
        self.0.key(key);
        self.0.raw(&value);
    }

    /// `true`, or no member at all.
    pub(crate) fn flag(&mut self, key: &str, is_set: bool) {
        if is_set {
            self.boolean(key, true);
        }
    }

    /// An object.
    pub(crate) fn object(&mut self, key: &str, body: impl FnOnce(&mut Object<'_>)) {
        self.0.key(key);
        write_object(self.0.out, self.0.layout, self.0.depth + 1, body);
    }

    /// An array.
    pub(crate) fn array(&mut self, key: &str, body: impl FnOnce(&mut Array<'_>)) {
        self.0.key(key);
        write_array(self.0.out, self.0.layout, self.0.depth + 1, body);
    }
}

impl Array<'_> {
    /// A string.
    pub(crate) fn string(&mut self, value: impl Display) {
        self.0.item();
        self.0.string(&value);
    }

    /// A whole number.
    pub(crate) fn number(&mut self, value: impl Into<i128>) {
        self.0.item();
        self.0.raw(&value.into());
    }

    /// An object.
    pub(crate) fn object(&mut self, body: impl FnOnce(&mut Object<'_>)) {
        self.0.item();
        write_object(self.0.out, self.0.layout, self.0.depth + 1, body);
    }
}

impl Level<'_> {
    fn item(&mut self) {
        if !self.is_empty {
            self.out.push(',');
        }
        self.is_empty = false;
        if self.layout.is_pretty {
            new_line(self.out, self.depth + 1);
        }
    }

    fn key(&mut self, key: &str) {
        self.item();
        self.string(&key);
        self.out.push(':');
    }

    fn raw(&mut self, value: &dyn Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.out, "{value}");
    }

    fn string(&mut self, value: &dyn Display) {
        self.out.push('"');
        let escaped = Escaped { out: self.out, escapes_slash: self.layout.escapes_slash };
        escaped.write(value);
        self.out.push('"');
    }
}

struct Escaped<'o> {
    out: &'o mut String,
    escapes_slash: bool,
}

impl Escaped<'_> {
    fn write(mut self, value: &dyn Display) {
        let _ = write!(self, "{value}");
    }
}

impl std::fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '/' if self.escapes_slash => self.out.push_str("\\/"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                c if c < ' ' => write!(self.out, "\\u{:04x}", u32::from(c))?,
                c => self.out.push(c),
            }
        }
        Ok(())
    }
}

fn write_object(out: &mut String, layout: Layout, depth: usize, body: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    body(&mut Object(Level { out, layout, depth, is_empty: true }));
    close(out, layout, depth, '}');
}

fn write_array(out: &mut String, layout: Layout, depth: usize, body: impl FnOnce(&mut Array<'_>)) {
    out.push('[');
    body(&mut Array(Level { out, layout, depth, is_empty: true }));
    close(out, layout, depth, ']');
}

fn close(out: &mut String, layout: Layout, depth: usize, bracket: char) {
    if layout.is_pretty {
        new_line(out, depth);
    }
    out.push(bracket);
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// The text of `value` in 17 significant digits, as C's `%.17g` gives it, with `.0` after whole numbers.
fn real(value: f64) -> String {
    if !value.is_finite() {
        return "0.0".into();
    }
    let scientific = format!("{value:.16e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..17).contains(&exponent) {
        let digits = trim_zeros(digits);
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let decimals = usize::try_from(16 - exponent).unwrap_or(0);
    let fixed = format!("{value:.decimals$}");
    let fixed = trim_zeros(&fixed);
    if fixed.contains('.') { fixed.into() } else { format!("{fixed}.0") }
}

fn trim_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pretty_layout_indents_by_two_and_breaks_empty_brackets() {
        let mut out = String::new();
        object(&mut out, PRETTY, |o| {
            o.string("a", "x\"\n/");
            o.object("empty", |_| {});
            o.array("list", |l| {
                l.number(1_u8);
                l.object(|o| o.boolean("yes", true));
            });
        });
        let expected = "{\n  \"a\":\"x\\\"\\n/\",\n  \"empty\":{\n  },\n  \"list\":[\n    1,\n    {\n      \
                        \"yes\":true\n    }\n  ]\n}";
        assert_eq!(out, expected);
    }

    #[test]
    fn plain_layout_has_no_blank_and_slashes_are_escaped_on_request() {
        let mut out = String::new();
        object(&mut out, PLAIN, |o| {
            o.string("a", "n/a");
            o.object("b", |_| {});
        });
        object(&mut out, Layout { escapes_slash: true, ..PLAIN }, |o| o.string("a", "n/a\u{1}"));
        assert_eq!(out, "{\"a\":\"n/a\",\"b\":{}}{\"a\":\"n\\/a\\u0001\"}");
    }

    #[test]
    fn members_written_one_by_one_make_the_same_text_as_at_once() {
        let mut streamed = String::from("{");
        members(&mut streamed, 0, true, |o| o.array("a", |l| l.number(1_u8)));
        members(&mut streamed, 0, false, |o| o.array("b", |_| {}));
        streamed.push_str("\n}");
        let mut whole = String::new();
        object(&mut whole, PRETTY, |o| {
            o.array("a", |l| l.number(1_u8));
            o.array("b", |_| {});
        });
        assert_eq!(streamed, whole);
    }

    #[test]
    fn reals_have_seventeen_digits() {
        assert_eq!(real(74.0 / 3.0), "24.666666666666668");
        assert_eq!(real(2817.0), "2817.0");
        assert_eq!(real(2817.0 / 4_294_967_296.0 * 100.0), "6.5588392317295074e-05");
        assert_eq!(real(4.0 / 13.0), "0.30769230769230771");
        assert_eq!(real(0.0), "0.0");
    }
}
