//! Lines that say the same in other words: context that a model quoted from memory.
//!
//! A line that is much alike may still say the opposite, or name a sibling. So what decides must be equal: digits,
//! operators and negation, what is defined, and what a value is given to.

/// A line must be as similar as this.
const SIMILAR: f64 = 0.75;
/// Characters of a line that are compared.
const LINE_CHARS: usize = 160;

/// A line prepared for many comparisons.
pub(super) struct Wording<'a> {
    line: &'a str,
    counts: [u8; 64],
}

impl<'a> Wording<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        let line = shortened(line.trim());
        Self { line, counts: counts(line) }
    }

    /// What it costs to take `other` for this line, in lines; `None` when it is another line.
    pub(super) fn cost(&self, other: &str) -> Option<f32> {
        let other = other.trim();
        let (short, long) = (self.line.len().min(other.len()), self.line.len().max(other.len()));
        // Each of these bounds the similarity from above, cheaply.
        #[expect(clippy::cast_precision_loss, reason = "a number of characters")]
        let too_far = |edits: usize| edits as f64 > (1.0 - SIMILAR) * long as f64;
        if short == 0 || (long < LINE_CHARS && too_far(long - short)) {
            return None;
        }
        let other = shortened(other);
        let difference: u32 =
            self.counts.iter().zip(counts(other)).map(|(a, b)| u32::from(a.abs_diff(b))).sum();
        if too_far(difference as usize / 2) || !may_mean_the_same(self.line, other) {
            return None;
        }
        let similar = strsim::normalized_levenshtein(self.line, other);
        #[expect(clippy::cast_possible_truncation, reason = "a number between 0 and 1")]
        let apart = (1.0 - similar) as f32;
        (similar >= SIMILAR).then_some(0.3 + apart * 2.0)
    }
}

/// How alike two lines are, 0 to 1, by their first characters.
pub(super) fn likeness(one: &str, other: &str) -> f64 {
    strsim::normalized_levenshtein(shortened(one.trim()), shortened(other.trim()))
}

fn shortened(line: &str) -> &str {
    line.char_indices().nth(LINE_CHARS).map_or(line, |(end, _)| &line[..end])
}

fn counts(line: &str) -> [u8; 64] {
    let mut counts = [0_u8; 64];
    for byte in line.bytes() {
        let count = &mut counts[usize::from(byte & 63)];
        *count = count.saturating_add(1);
    }
    counts
}

/// Whether two lines agree in all that would make them say something else.
fn may_mean_the_same(one: &str, other: &str) -> bool {
    let digits = |line: &str| line.chars().filter(char::is_ascii_digit).collect::<String>();
    let operators = |line: &str| line.chars().filter(|c| "!=<>&|+*^~?%".contains(*c)).collect::<String>();
    let negations = |line: &str| words(line).filter(|word| NEGATIONS.contains(word)).count();
    digits(one) == digits(other)
        && negations(one) == negations(other)
        && (is_prose(one) && is_prose(other) || operators(one) == operators(other))
}

/// Whether neither line defines anything, and both give a value to the same thing, if to any.
pub(super) fn names_the_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    is_prose(one) && is_prose(other) || target(one) == target(other) && !defines(one) && !defines(other)
}

/// Whether a line is a comment, or reads as one.
fn is_prose(line: &str) -> bool {
    line.starts_with(['#', '*']) || line.starts_with("//") || line.starts_with("--")
}

const NEGATIONS: [&str; 7] = ["not", "no", "never", "without", "unless", "except", "none"];

/// Words that lead a line on which something gets a name or a case is told apart.
const DEFINING: [&str; 26] = [
    "def",
    "fn",
    "func",
    "function",
    "class",
    "struct",
    "enum",
    "trait",
    "impl",
    "interface",
    "type",
    "mod",
    "module",
    "namespace",
    "case",
    "when",
    "describe",
    "it",
    "test",
    "sub",
    "record",
    "object",
    "protocol",
    "extension",
    "match",
    "elif",
];
const MODIFIERS: [&str; 14] = [
    "pub",
    "async",
    "export",
    "default",
    "static",
    "public",
    "private",
    "protected",
    "final",
    "abstract",
    "const",
    "unsafe",
    "extern",
    "override",
];

fn defines(line: &str) -> bool {
    words(line).find(|word| !MODIFIERS.contains(word)).is_some_and(|word| DEFINING.contains(&word))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// What stands before the first `=` or `:`: what gets a value.
fn target(line: &str) -> Option<&str> {
    line.split_once(['=', ':']).filter(|(_, value)| !value.trim().is_empty()).map(|(target, _)| target.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, expected: bool) {
        let same = Wording::new(one).cost(other).is_some() && names_the_same(one, other);
        assert_eq!(same, expected, "{one:?} {other:?}");
    }

    #[test]
    fn other_words_for_the_same() {
        check("// we fall back to regular calls.", "// We fall back to regular read calls.", true);
        check("report(&values, totals);", "report(values, &totals);", true);
        check("req.query = qs.newparse(query);", "req.query = qs.parse(query);", true);
    }

    #[test]
    fn what_decides_must_be_equal() {
        check("if not user.is_admin:", "if user.is_admin:", false);
        check("if (!enabled) {", "if (enabled) {", false);
        check("def test_add_two():", "def test_add_one():", false);
        check("range_of_numbers(100)", "range_of_numbers(10)", false);
        check("server_b: database", "server_a: database", false);
        check("while (index <= length) {", "while (index >= length) {", false);
        check("pub fn run_pipeline_legacy(data) {", "pub fn run_pipeline(data) {", false);
    }
}
