//! `tilebrot balancer`.

use anyhow::Context;
use balancer::Settings;
use balancer::settings::Flags;

use crate::cli::BalancerArgs;
use crate::exit::Exit;

pub(crate) async fn run(args: BalancerArgs) -> Result<(), Exit> {
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
    let text = std::fs::read_to_string(&file)
        .map_err(|e| Exit::Usage(format!("cannot read --config {}: {e}", file.display())))?;
    Settings::from_toml(&text).map_err(|e| Exit::Usage(format!("{}:\n{e}", file.display())))
}
