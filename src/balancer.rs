//! `tilebrot balancer`, and `tilebrot balancer check`, which only reads its settings.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use balancer::Settings;
use balancer::settings::Flags;

use crate::cli::{BalancerArgs, BalancerCommand};
use crate::exit::Exit;

/// More than any settings; what is longer is another file.
const LONGEST_FILE: u64 = 1 << 20;

pub(crate) async fn run(args: BalancerArgs) -> Result<(), Exit> {
    if let Some(BalancerCommand::Check { file }) = args.command {
        return check(&file);
    }
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
    let shutdown = service::on_signal()?;
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
    balancer::run(bound, admin, settings, shutdown)
        .await
        .context("balancer")?;
    Ok(())
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
    read(&file)
}

fn read(file: &Path) -> Result<Settings, Exit> {
    let name = file.display().to_string();
    let unreadable = |e| Exit::Usage(format!("cannot read {name}: {e}"));
    let mut text = String::new();
    let opened = File::open(file).map_err(unreadable)?;
    opened
        .take(LONGEST_FILE + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > LONGEST_FILE {
        let said = format!("{name} is not accepted: at most {LONGEST_FILE} bytes");
        return Err(Exit::Usage(said));
    }
    Ok(Settings::from_text(&name, &text)?)
}

/// Reads the file, and says what it holds.
fn check(file: &Path) -> Result<(), Exit> {
    let settings = read(file)?;
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
