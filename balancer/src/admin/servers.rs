//! Which servers are there, and what should change about them? What an operator changes lasts until the process ends, or
//! until the settings say something else of the same server.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};
use service::{Mistakes, Problem};

use crate::control::{Control, Housed};
use crate::settings::{Address, Change, Settings};

type Outcome = Result<Response, Problem>;

/// `GET /servers`, and the calls that change them.
pub(super) fn router(control: Arc<Control>) -> Router {
    let one = patch(change).delete(remove);
    Router::new()
        .route("/servers", get(all))
        .route("/pools/{pool}/servers", post(add))
        .route("/pools/{pool}/servers/{*server}", one)
        .with_state(control)
}

async fn all(State(control): State<Arc<Control>>) -> Json<Value> {
    let pools = super::pools(&control).into_iter();
    let servers = pools.flat_map(|pool| {
        let name = pool.name;
        let servers = pool.servers.into_iter();
        servers.map(move |server| json!({ "pool": name, "server": server }))
    });
    Json(json!({ "servers": servers.collect::<Vec<_>>() }))
}

/// Adds a source of servers, or gives it other terms.
async fn add(
    State(control): State<Arc<Control>>,
    Path(pool): Path<String>,
    body: String,
) -> Result<Response, Response> {
    let done = || -> Outcome {
        let housed = find(&control, &pool)?;
        let entry = Settings::server_from_text("body", &body).map_err(bad)?;
        let status = if housed.members.add(&entry) {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        tracing::info!(pool, address = %entry.address, "server added by the operator");
        Ok((
            status,
            Json(json!({ "address": entry.address.to_string() })),
        )
            .into_response())
    };
    done().map_err(IntoResponse::into_response)
}

/// Removes a source of servers: they finish what they have.
async fn remove(
    State(control): State<Arc<Control>>,
    Path((pool, server)): Path<(String, String)>,
) -> Result<Response, Response> {
    let done = || -> Outcome {
        let housed = find(&control, &pool)?;
        let text = if server.contains(':') && !server.contains("//") && !server.starts_with("file:")
        {
            format!("http://{server}")
        } else {
            server.clone()
        };
        let address: Address = text.parse().map_err(|accepted| {
            let detail = format!("server: {server:?} is not accepted: {accepted}");
            Problem::new(StatusCode::BAD_REQUEST, "Bad request", detail)
        })?;
        if housed.members.remove(&address) {
            tracing::info!(pool, %address, "server removed by the operator");
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        if housed.current.get().ids_of(&server).is_empty() {
            return Err(no_such_server(&pool, &server));
        }
        let detail = format!(
            "{server} is there because a name or a file lists it: remove that, or drain it"
        );
        Err(Problem::new(
            StatusCode::CONFLICT,
            "Listed elsewhere",
            detail,
        ))
    };
    done().map_err(IntoResponse::into_response)
}

/// Changes the capacity or the weight of a server, or drains it.
async fn change(
    State(control): State<Arc<Control>>,
    Path((pool, server)): Path<(String, String)>,
    body: String,
) -> Result<Response, Response> {
    let done = || -> Outcome {
        let current = find(&control, &pool)?.current.get();
        let change = Change::from_text("body", &body).map_err(bad)?;
        let ids = current.ids_of(&server);
        if ids.is_empty() {
            return Err(no_such_server(&pool, &server));
        }
        for id in ids {
            current.set_terms(id, |terms| {
                terms.capacity = change.capacity.or(terms.capacity);
                terms.weight = change.weight.unwrap_or(terms.weight);
            });
            if let Some(drained) = change.drain {
                current.set_drained(id, drained);
            }
        }
        tracing::info!(pool, server, ?change, "server changed by the operator");
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    done().map_err(IntoResponse::into_response)
}

fn find(control: &Control, pool: &str) -> Result<Arc<Housed>, Problem> {
    control.housed(pool).ok_or_else(|| {
        let detail = format!("there is no pool {pool}");
        Problem::new(StatusCode::NOT_FOUND, "No such pool", detail)
    })
}

fn no_such_server(pool: &str, server: &str) -> Problem {
    let detail = format!("pool {pool} has no server {server}");
    Problem::new(StatusCode::NOT_FOUND, "No such server", detail)
}

fn bad(mistakes: Mistakes) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "Bad request", mistakes.to_string())
}
