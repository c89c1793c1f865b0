//! Code lenses above pending hunks.

use serde_json::json;

use crate::app::event::OfferedLens;
use crate::app::state::State;
use crate::review::Place;
use crate::text::{DocumentUri, Span};

/// *Apply* and *Reject* above every pending hunk of a document, *Run* on a page with a request.
pub(in crate::app) fn lenses(state: &State, uri: &DocumentUri) -> Vec<OfferedLens> {
    let Some(document) = state.live(uri) else { return Vec::new() };
    if state.pages.is_one(uri) {
        let arguments = json!({ "page": uri.as_str() });
        let title = "▶ Run this request".to_owned();
        return vec![OfferedLens { span: Span::default(), title, command: ("tenon.run", arguments) }];
    }
    let text = document.text();
    let mut lenses = Vec::new();
    for proposal in &state.proposals {
        for file in proposal.files.iter().filter(|file| file.uri() == uri) {
            for (hunk, place) in file.open_hunks(text) {
                let Place::Fits(placed) = place else { continue };
                let start = state.client.encoding.to_position(text, placed.range.start);
                let span = Span { start, end: start };
                let arguments = json!({ "proposal": proposal.id.as_str(), "hunk": hunk.number });
                let doubt = placed.evidence.doubt().map_or_else(String::new, |doubt| format!(" ({doubt})"));
                let apply = format!("✓ Apply{doubt}");
                for (title, command) in [(apply.as_str(), "tenon.accept"), ("✗ Reject", "tenon.reject")] {
                    let title = format!("{title}: {}", proposal.title);
                    lenses.push(OfferedLens { span, title, command: (command, arguments.clone()) });
                }
            }
        }
    }
    lenses
}
