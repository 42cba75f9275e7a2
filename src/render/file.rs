//! When is a picture on disk? When its last byte is: it grows under another name and gets its own only
//! then, so that nobody takes half a picture for a whole one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use reqwest::Response;
use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::exit::Exit;

/// Writes the body of `answer` to `output`; `-` is standard output.
pub(super) async fn write(answer: Response, output: &Path) -> Result<(), Exit> {
    if output == Path::new("-") {
        return Ok(copy(answer, &mut tokio::io::stdout()).await?);
    }
    let growing = growing(output);
    let mut file = File::create(&growing)
        .await
        .map_err(|e| Exit::Usage(format!("cannot write --output {}: {e}", output.display())))?;
    let copied = copy(answer, &mut file).await;
    let renamed = match copied {
        Ok(()) => tokio::fs::rename(&growing, output)
            .await
            .with_context(|| format!("cannot write {}", output.display())),
        Err(error) => Err(error),
    };
    if renamed.is_err() {
        // What went wrong is said already; a file that stays behind adds nothing to it.
        let _ = tokio::fs::remove_file(&growing).await;
    }
    Ok(renamed?)
}

/// The name under which `output` grows, beside it.
fn growing(output: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(output.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    output.with_file_name(name)
}

async fn copy(mut answer: Response, out: &mut (impl AsyncWrite + Unpin)) -> anyhow::Result<()> {
    while let Some(bytes) = answer
        .chunk()
        .await
        .map_err(|_| anyhow!("the picture broke off: the cluster could not finish it"))?
    {
        out.write_all(&bytes).await?;
    }
    out.flush().await?;
    Ok(())
}
