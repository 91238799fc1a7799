//! What became of one input.

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::Once,
};

use crate::targets::Target;

/// The first panic of an input, wherever it was and whoever caught it: the proxy ends a request that panics and goes on, which is good for
/// others and a finding here.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    /// File and line: two inputs that break there have found the same.
    pub(crate) place: String,
    /// What it says.
    pub(crate) words: String,
}

/// Plays one input; none if every promise was kept.
pub(crate) fn of(target: &Target, input: &[u8]) -> Option<Broken> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
            let words = panic.payload_as_str().unwrap_or("a panic without words").to_owned();
            let kept = FIRST.with_borrow_mut(|first| match first {
                Some(first) => {
                    first.get_or_insert(Broken { place, words });
                    true
                }
                None => false,
            });
            if !kept {
                others(panic);
            }
        }));
    });
    FIRST.set(Some(None));
    let played = catch_unwind(AssertUnwindSafe(|| (target.play)(input)));
    let broken = FIRST.take().flatten();
    assert!(played.is_ok() || broken.is_some(), "a panic calls the hook");
    broken
}

thread_local! {
    /// The first panic of the input that is being played; nothing at all while none is.
    static FIRST: RefCell<Option<Option<Broken>>> = const { RefCell::new(None) };
}
