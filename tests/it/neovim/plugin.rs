//! The plugin in a real Neovim: the stories of `plugin/`, played as those of the plain client are.

use super::{block, story};

/// Two changes of `main.py`, the text behind the first words after a gate.
fn two_changes() -> [String; 3] {
    let first = "main.py\n\n<<<<<<< SEARCH\n    return \"é😀\"\n";
    let rest = "=======\n    return \"É😀\"\n>>>>>>> REPLACE\n\n".to_owned()
        + &block("main.py", "\tpass\n", "\treturn 2\n");
    [first.to_owned(), "@typed".to_owned(), rest]
}

#[tokio::test]
async fn asking_reviewing_undoing() {
    let [first, gate, rest] = two_changes();
    story("plugin/story", &[&[&first, &gate, &rest]]).await;
}
