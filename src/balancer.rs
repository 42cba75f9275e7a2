//! `tilebrot balancer`, and `tilebrot balancer check`, which only reads its settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use balancer::settings::Flags;
use balancer::{AdminSocket, FileError, Outside, Reload, Settings};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::cli::{BalancerArgs, BalancerCommand};
use crate::exit::Exit;

pub(crate) async fn run(args: BalancerArgs) -> Result<(), Exit> {
    if let Some(BalancerCommand::Check { file }) = args.command {
        return check(&file);
    }
    let file = args.config.clone();
    let settings = settings(args)?;
    let mut listeners = Vec::new();
    for listener in &settings.listeners {
        listeners.push((
            listener.name.clone(),
            service::bind(&listener.address).await?,
        ));
    }
    let admin = match &settings.admin {
        Some(address) => Some(service::bind(address).await?),
        None => None,
    };
    let admin_socket = match &settings.admin_socket {
        Some(path) => Some(AdminSocket::bind(path).map_err(|e| {
            Exit::Usage(format!(
                "admin_socket: {} is not accepted: {e}",
                path.display()
            ))
        })?),
        None => None,
    };
    let shutdown = service::on_signal()?;
    let reload = file.map(reload).transpose()?;
    let mut bound = Vec::new();
    for (i, (name, (listener, address))) in listeners.into_iter().enumerate() {
        // The first line is the one that scripts read.
        let whose = if i == 0 {
            String::new()
        } else {
            format!(" ({name})")
        };
        println!("listening on http://{address}{whose}");
        bound.push(listener);
    }
    let admin = admin.map(|(listener, address)| {
        println!("listening on http://{address} (admin)");
        listener
    });
    let outside = Outside {
        admin,
        admin_socket,
        reload,
        ..Outside::default()
    };
    balancer::run_with(outside, bound, settings, shutdown)
        .await
        .context("balancer")?;
    Ok(())
}

/// The settings file is read again on SIGHUP, and when it changes.
fn reload(file: PathBuf) -> std::io::Result<Reload> {
    let hangup = Arc::new(Notify::new());
    let mut signals = signal(SignalKind::hangup())?;
    let told = hangup.clone();
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            told.notify_one();
        }
    });
    Ok(Reload { file, hangup })
}

fn settings(args: BalancerArgs) -> Result<Settings, Exit> {
    let Some(file) = args.config else {
        return Ok(Settings::single(&Flags {
            listen: args.listen.unwrap_or_default(),
            servers: args.server,
            algorithm: args.algorithm,
            capacity: args.capacity,
            admin: args.admin,
            shutdown_delay: args.shutdown_delay,
        })?);
    };
    Ok(Settings::from_file(&file)?)
}

impl From<FileError> for Exit {
    fn from(error: FileError) -> Self {
        Exit::Usage(error.to_string())
    }
}

/// Reads the file, and says what it holds.
fn check(file: &Path) -> Result<(), Exit> {
    let settings = Settings::from_file(file)?;
    let servers: usize = settings.pools.iter().map(|pool| pool.servers.len()).sum();
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        many => format!("{many} {what}s"),
    };
    println!(
        "{}: no mistakes: {}, {}, {}",
        file.display(),
        count(settings.listeners.len(), "listener"),
        count(settings.pools.len(), "pool"),
        count(servers, "listed server"),
    );
    Ok(())
}
