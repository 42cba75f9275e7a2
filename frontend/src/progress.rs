//! What is told of a render, to whom, and for how long? Its [`report`] changes as bands arrive; the
//! [`registry`] keeps it for whoever knows its [`id`]; and [`running`] sees to it that a render ends, for
//! everybody, exactly once.

pub(crate) mod id;
pub(crate) mod registry;
pub(crate) mod report;
pub(crate) mod running;
