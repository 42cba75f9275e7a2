//! `tilebrot up`: a cluster to open in a browser.

use crate::cli::UpArgs;
use crate::cluster::Cluster;
use crate::exit::Exit;

pub(crate) async fn run(args: UpArgs) -> Result<(), Exit> {
    let shutdown = service::on_signal()?;
    let cluster = Cluster::start(&args.listen, &args.size, shutdown).await?;
    println!("listening on http://{}", cluster.site);
    cluster.stopped().await?;
    Ok(())
}
