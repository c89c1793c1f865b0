//! Cuts a true change into blocks, as a careful model would quote it.

use super::script::{Line, Script, Tag};

/// Lines that a model quotes around a change.
pub(crate) const CONTEXT: usize = 3;
/// Lines that it quotes at most to make a block unique.
const MOST_CONTEXT: usize = 12;

/// One block of a reply: some consecutive lines of the script, and how they are written.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Which file of the sample.
    pub(crate) file: usize,
    /// Lines of the script.
    pub(crate) range: std::ops::Range<usize>,
    /// The lines as the reply has them.
    pub(crate) lines: Vec<Line>,
    /// Old and new part as the reply has them, when they cannot be told from `lines`.
    pub(crate) parts: Option<(Vec<String>, Vec<String>)>,
    /// Numbers of a unified diff's header: old start, old count, new start, new count.
    pub(crate) numbers: [usize; 4],
    /// What stands behind `@@` in a patch envelope.
    pub(crate) anchor: Option<String>,
    /// A line of `lines` whose plus is forgotten.
    pub(crate) without_plus: Option<usize>,
}

impl Block {
    fn new(script: &Script, file: usize, range: std::ops::Range<usize>) -> Self {
        let lines = script.lines[range.clone()].to_vec();
        let mut block =
            Self { file, range, lines, parts: None, numbers: [0; 4], anchor: None, without_plus: None };
        block.number(script);
        block.anchor = block.enclosing(script);
        block
    }

    /// Sets the header's numbers to those of the script.
    fn number(&mut self, script: &Script) {
        let count = |lines: &[Line], without: Tag| lines.iter().filter(|line| line.tag != without).count();
        let (before, inside) = (&script.lines[..self.range.start], &script.lines[self.range.clone()]);
        let start = |without: Tag| count(before, without) + usize::from(count(inside, without) > 0);
        self.numbers = [start(Tag::New), count(inside, Tag::New), start(Tag::Old), count(inside, Tag::Old)];
    }

    /// The counts as the lines written have them.
    pub(crate) fn recount(&mut self) {
        self.numbers[1] = self.lines.iter().filter(|line| line.tag != Tag::New).count();
        self.numbers[3] = self.lines.iter().filter(|line| line.tag != Tag::Old).count();
    }

    /// The old lines as written.
    pub(crate) fn old(&self) -> Vec<&str> {
        match &self.parts {
            Some((old, _)) => old.iter().map(String::as_str).collect(),
            None => self.lines.iter().filter(|line| line.tag != Tag::New).map(|l| l.text.as_str()).collect(),
        }
    }

    /// The new lines as written.
    pub(crate) fn new_lines(&self) -> Vec<&str> {
        match &self.parts {
            Some((_, new)) => new.iter().map(String::as_str).collect(),
            None => self.lines.iter().filter(|line| line.tag != Tag::Old).map(|l| l.text.as_str()).collect(),
        }
    }

    /// The nearest line above that opens a definition around the block.
    fn enclosing(&self, script: &Script) -> Option<String> {
        let indent = |text: &str| text.len() - text.trim_start().len();
        let first = self.lines.iter().find(|line| !line.is_blank())?;
        let mut least = indent(&first.text);
        for line in script.lines[..self.range.start].iter().rev() {
            if line.tag == Tag::New || line.is_blank() || indent(&line.text) >= least {
                continue;
            }
            if opens_definition(&line.text) {
                return Some(line.text.trim().to_owned());
            }
            least = indent(&line.text);
        }
        None
    }
}

fn opens_definition(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.by_ref().take(4).any(|word| {
        matches!(
            word,
            "def"
                | "class"
                | "fn"
                | "func"
                | "function"
                | "impl"
                | "struct"
                | "enum"
                | "trait"
                | "interface"
                | "module"
        )
    }) && line.trim_end().ends_with(['{', ':', ')'])
}

/// How blocks are cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    /// Lines around a change.
    pub(crate) context: usize,
    /// Grow every block until its old lines occur once in the base, blanks at both ends apart.
    pub(crate) unique: bool,
}

/// All blocks of a file, in order; `None` when one cannot be made unique.
pub(crate) fn blocks(script: &Script, file: usize, cut: Cut) -> Option<Vec<Block>> {
    let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
    let mut at = 0;
    while at < script.lines.len() {
        if script.lines[at].tag == Tag::Keep {
            at += 1;
            continue;
        }
        let end = at + script.lines[at..].iter().take_while(|line| line.tag != Tag::Keep).count();
        let mut context = cut.context;
        let mut range = widened(script, at..end, context);
        while cut.unique && !is_unique(script, &range) {
            context += 1;
            if context > MOST_CONTEXT {
                return None;
            }
            range = widened(script, at..end, context);
        }
        match ranges.last_mut() {
            Some(last) if range.start < last.end + usize::from(cut.context > 0) => {
                last.end = range.end.max(last.end);
            }
            _ => ranges.push(range),
        }
        at = end;
    }
    Some(ranges.into_iter().map(|range| Block::new(script, file, range)).collect())
}

/// One block over lines of the script.
pub(crate) fn block_over(script: &Script, file: usize, range: std::ops::Range<usize>) -> Block {
    Block::new(script, file, range)
}

/// The range with up to `n` kept lines on either side; other changes are not crossed.
fn widened(script: &Script, range: std::ops::Range<usize>, n: usize) -> std::ops::Range<usize> {
    let kept = |lines: &mut dyn Iterator<Item = &Line>| {
        lines.take(n).take_while(|line| line.tag == Tag::Keep).count()
    };
    let above = kept(&mut script.lines[..range.start].iter().rev());
    let below = kept(&mut script.lines[range.end..].iter());
    range.start - above..range.end + below
}

fn is_unique(script: &Script, range: &std::ops::Range<usize>) -> bool {
    let wanted: Vec<&str> = script.lines[range.clone()]
        .iter()
        .filter(|line| line.tag != Tag::New)
        .map(|line| line.text.trim())
        .collect();
    let base: Vec<&str> = script.old_lines().map(str::trim).collect();
    n_places(&wanted, &base) == 1
}

/// How often the lines stand in a text.
pub(crate) fn n_places(wanted: &[&str], text: &[&str]) -> usize {
    if wanted.iter().all(|line| line.is_empty()) {
        return usize::MAX;
    }
    text.windows(wanted.len()).filter(|window| *window == wanted).count()
}
