//! What is between the balancer and a server: connections, kept in a stack per server, and exchanges on
//! them. This side knows who failed, and whether anything was sent.

mod answer;
mod connection;
mod exchange;
pub(crate) mod hash;
mod http1;
mod request;
mod server;

pub(crate) use answer::Answer;
pub(crate) use connection::{Switched, connect};
pub(crate) use exchange::{Failed, Failure, exchange};
pub(crate) use request::RequestHead;
pub(crate) use server::{Server, ServerId, Terms};
