//! Which room a file stands in, which rooms it uses, and which file declares it.

use std::collections::BTreeSet;

/// The room of a file of the proxy; none for the door (`lib.rs`, `main.rs`).
pub(crate) fn room_of(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("proxy/src/")?;
    let room = inner.split('/').next()?.trim_end_matches(".rs");
    (!matches!(room, "lib" | "main")).then_some(room)
}

/// The rooms that code names behind `crate::`.
pub(crate) fn used(code: &str) -> BTreeSet<String> {
    code.match_indices("crate::").flat_map(|(at, found)| first_names(&code[at + found.len()..])).collect()
}

/// The first names of a path, or of each path of a group in braces.
fn first_names(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let mut names = Vec::new();
    let mut depth = 1;
    let mut at_start = true;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => at_start = true,
            _ if character.is_whitespace() => {}
            _ if at_start => {
                names.push(name(&group[at..]));
                at_start = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn name(rest: &str) -> String {
    rest.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

/// The files that may declare a module, and its name; none for what cargo finds by itself.
pub(crate) fn parents_of(path: &str) -> Option<(Vec<String>, String)> {
    let (folder, file) = path.rsplit_once('/')?;
    let module = file.strip_suffix(".rs")?.to_owned();
    let top = folder.rsplit('/').next()?;
    let by_cargo = matches!(module.as_str(), "lib" | "main") || top == "bin";
    // Each file of `tests/` and `benches/` is a program of its own.
    if by_cargo || (matches!(top, "tests" | "benches") && folder.matches('/').count() <= 1) {
        return None;
    }
    if top == "src" {
        return Some((vec![format!("{folder}/lib.rs"), format!("{folder}/main.rs")], module));
    }
    if matches!(folder.rsplit('/').nth(1), Some("bin" | "examples")) {
        return Some((vec![format!("{folder}/main.rs")], module));
    }
    Some((vec![format!("{folder}.rs")], module))
}

/// Whether code has `mod name`.
pub(crate) fn declares(code: &str, module: &str) -> bool {
    code.lines().any(|line| {
        let line = line.trim();
        line.ends_with(';') && line.trim_end_matches(';').rsplit_once("mod ").is_some_and(|(_, name)| name == module)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_taken_apart() {
        let code = "use crate::{\n    chain::Handler,\n    wire::{Body, http1::{self, X}},\n};\nfn f(x: crate::world::World) {}";
        assert_eq!(used(code).into_iter().collect::<Vec<_>>(), ["chain", "wire", "world"]);
    }
}
