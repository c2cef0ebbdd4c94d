//! A warning for who runs a service as root.

use crate::output::Output;

/// Says that what runs as root, and all that it starts, may do everything.
pub(crate) fn warn(out: &Output) {
    // SAFETY: a plain system call, which cannot fail.
    if is_root(unsafe { libc::geteuid() }) {
        out.warn(
            "this runs as root, and so does all that it starts; run it as a user that owns its store and no more, such as \
             with User= in its unit or USER in its image: see docs/deployment.md",
        );
    }
}

const fn is_root(user: libc::uid_t) -> bool {
    user == 0
}
