//! What operators do to the servers of a pool while it works.

use std::sync::Arc;

use super::Pool;
use crate::events::What;
use crate::upstream::{ServerId, Terms};

impl Pool {
    /// Other terms for the server, as far as `change` says; those that it has now come from there.
    pub(crate) fn set_terms(self: &Arc<Self>, server: ServerId, change: impl FnOnce(&mut Terms)) {
        self.change(|roster| roster.set_terms(server, change));
    }

    /// The listed servers of this name: more than one only where several sources list it.
    pub(crate) fn ids_of(&self, label: &str) -> Vec<ServerId> {
        let roster = self.roster();
        let listed = roster.members.iter().filter(|member| !member.leaving);
        let servers = listed.map(|member| &member.server);
        let named = servers.filter(|server| server.label == label);
        named.map(|server| server.id).collect()
    }

    /// An operator wants the server to get nothing new, or to get requests again.
    pub(crate) fn set_drained(self: &Arc<Self>, id: ServerId, drained: bool) {
        let label = self.change(|roster| {
            let member = roster
                .member(id)
                .filter(|member| member.drained != drained)?;
            member.drained = drained;
            Some(member.server.label.clone())
        });
        if let Some(label) = label {
            let what = if drained {
                What::Drained
            } else {
                What::Undrained
            };
            self.event(&label, what);
        }
    }
}
