//! The kinds of damage. Each is a function from a true change to a damaged reply and what is right for it; `None`
//! when the kind does not apply to that change in that format.

mod endings;
mod names;
mod place;
mod quoting;
mod shape;

use super::block::{self, Block, Cut};
use super::case::Case;
use super::render::{Draft, Format};
use super::rng::Rng;
use super::script::Script;

/// What a kind works on.
pub(crate) struct Ask<'a> {
    /// The files of one change.
    pub(crate) files: Vec<Script>,
    /// Other files, for distraction and for lines that are nowhere.
    pub(crate) pool: &'a [Script],
    pub(crate) format: Format,
    pub(crate) rng: Rng,
}

/// One kind of damage.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&mut Ask<'_>) -> Option<Case>,
}

/// All kinds.
pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "clean", make: quoting::clean },
    Kind { name: "indent-dropped", make: quoting::indent_dropped },
    Kind { name: "indent-added", make: quoting::indent_added },
    Kind { name: "indent-first-line", make: quoting::indent_first_line },
    Kind { name: "indent-all-lost", make: quoting::indent_all_lost },
    Kind { name: "tabs-to-spaces", make: quoting::tabs_to_spaces },
    Kind { name: "spaces-to-tabs", make: quoting::spaces_to_tabs },
    Kind { name: "trailing-added", make: quoting::trailing_added },
    Kind { name: "trailing-stripped", make: quoting::trailing_stripped },
    Kind { name: "blanks-on-empty", make: quoting::blanks_on_empty },
    Kind { name: "typographic", make: quoting::typographic },
    Kind { name: "context-skipped", make: quoting::context_skipped },
    Kind { name: "context-misquoted", make: quoting::context_misquoted },
    Kind { name: "html-entities", make: quoting::html_entities },
    Kind { name: "double-escapes", make: quoting::double_escapes },
    Kind { name: "edge-blanks", make: shape::edge_blanks },
    Kind { name: "line-numbers", make: shape::line_numbers },
    Kind { name: "fenced-parts", make: shape::fenced_parts },
    Kind { name: "elision", make: shape::elision },
    Kind { name: "elision-between", make: shape::elision_between },
    Kind { name: "part-of-line", make: shape::part_of_line },
    Kind { name: "out-of-order", make: shape::out_of_order },
    Kind { name: "forgotten-plus", make: shape::forgotten_plus },
    Kind { name: "wrong-numbers", make: shape::wrong_numbers },
    Kind { name: "no-numbers", make: shape::no_numbers },
    Kind { name: "wrong-counts", make: shape::wrong_counts },
    Kind { name: "hallucinated-block", make: shape::hallucinated },
    Kind { name: "truncated", make: shape::truncated },
    Kind { name: "crlf-file", make: endings::crlf_file },
    Kind { name: "crlf-reply", make: endings::crlf_reply },
    Kind { name: "mixed-ends", make: endings::mixed },
    Kind { name: "byte-order-mark", make: endings::byte_order_mark },
    Kind { name: "no-final-newline", make: endings::no_final_newline },
    Kind { name: "typed-elsewhere", make: place::typed_elsewhere },
    Kind { name: "typed-in-context", make: place::typed_in_context },
    Kind { name: "typed-in-target", make: place::typed_in_target },
    Kind { name: "twice", make: place::twice },
    Kind { name: "twice-numbered", make: place::twice_numbered },
    Kind { name: "twice-anchored", make: place::twice_anchored },
    Kind { name: "twin-pasted", make: place::twin_pasted },
    Kind { name: "twin-true-changed", make: place::twin_true_changed },
    Kind { name: "no-context", make: place::no_context },
    Kind { name: "no-context-insertion", make: place::no_context_insertion },
    Kind { name: "already-applied", make: place::already_applied },
    Kind { name: "name-missing", make: names::missing },
    Kind { name: "name-missing-of-several", make: names::missing_of_several },
    Kind { name: "name-rooted", make: names::rooted },
    Kind { name: "name-wrong-folder", make: names::wrong_folder },
    Kind { name: "name-misspelt", make: names::misspelt },
];

impl Ask<'_> {
    /// The blocks of all files as a careful model would write them: each fits one place only.
    pub(crate) fn blocks(&self) -> Option<Vec<Block>> {
        self.blocks_cut(Cut { context: block::CONTEXT, unique: true })
    }

    pub(crate) fn blocks_cut(&self, cut: Cut) -> Option<Vec<Block>> {
        let mut all = Vec::new();
        for (nth, file) in self.files.iter().enumerate() {
            all.extend(block::blocks(file, nth, cut)?);
        }
        (!all.is_empty() && all.iter().all(|block| self.can_be_written(block, cut.unique))).then_some(all)
    }

    /// Whether the format has a way to write the block at all.
    fn can_be_written(&self, block: &Block, unique: bool) -> bool {
        match self.format {
            Format::SearchReplace => !block.lines.iter().any(|line| {
                ["=====", "<<<<<", ">>>>>", "-----", "+++++"]
                    .iter()
                    .any(|marker| line.text.starts_with(marker))
            }),
            Format::Json => {
                let base: Vec<&str> = self.files[block.file].old_lines().collect();
                !unique || base.join("\n").matches(&block.old().join("\n")).count() == 1
            }
            Format::Udiff | Format::ApplyPatch | Format::Whole => true,
        }
    }

    pub(crate) fn draft(&self, blocks: Vec<Block>) -> Draft {
        let ends_lines = self.rng.clone().chance(50);
        Draft { ends_lines, ..Draft::new(self.format, &self.files, blocks) }
    }

    pub(crate) fn case(&self, draft: &Draft) -> Case {
        Case::new(&self.files, draft)
    }

    /// A case whose every block was given to `damage`, which says whether it changed it; `None` when no block changed,
    /// or when one cannot be damaged fairly.
    pub(crate) fn damaged(
        &mut self,
        mut damage: impl FnMut(&Script, &mut Block, &mut Rng) -> Option<bool>,
    ) -> Option<Case> {
        if self.format == Format::Whole {
            return None;
        }
        let mut blocks = self.blocks()?;
        let mut is_damaged = false;
        for block in &mut blocks {
            is_damaged |= damage(&self.files[block.file], block, &mut self.rng)?;
            block.recount();
        }
        is_damaged.then(|| self.case(&self.draft(blocks)))
    }
}
