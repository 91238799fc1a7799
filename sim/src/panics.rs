//! Sees every panic of a run, also in tasks that nobody waits for.

use std::{cell::RefCell, marker::PhantomData, rc::Rc, sync::Once};

/// Watches the panics of this thread until it is dropped. One at a time.
pub(crate) struct Watch(PhantomData<Rc<()>>);

impl Watch {
    pub(crate) fn start() -> Self {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                SEEN.with_borrow_mut(|seen| {
                    if let Seen::Nothing = seen {
                        *seen = Seen::Panic(panic.to_string());
                    }
                });
                before(panic);
            }));
        });
        SEEN.set(Seen::Nothing);
        Self(PhantomData)
    }

    /// The first panic, with its place.
    pub(crate) fn seen(&self) -> Option<String> {
        SEEN.with_borrow(|seen| match seen {
            Seen::Panic(text) => Some(text.clone()),
            Seen::NotWatching | Seen::Nothing => None,
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        SEEN.set(Seen::NotWatching);
    }
}

enum Seen {
    NotWatching,
    Nothing,
    Panic(String),
}

thread_local! {
    static SEEN: RefCell<Seen> = const { RefCell::new(Seen::NotWatching) };
}

static HOOK: Once = Once::new();
