//! Does GDAL read the plane with the file and the command that docs/tiles.md has for it?

use std::fs;
use std::process::Command;

use crate::cluster::Cluster;
use crate::documented;
use crate::folder::Folder;
use crate::site::decoded;

/// The window of the documented command and the looks of the documented file: two tiles across, but on no tile's edge.
const WINDOW: &str =
    "/render.png?re=-0.7490234375&im=0.099609375&zoom=1024&width=512&height=512&iterations=2000";

#[tokio::test]
async fn gdal_reads_the_very_pixels_of_a_window_with_its_documented_file() {
    let cluster = Cluster::start(2).await;
    let folder = Folder::of("gdal");
    let file = documented("xml", "<GDAL_WMS>", &cluster.site.url);
    let command = documented("sh", "gdal_translate", &cluster.site.url);
    let newest = file.replace("/tiles/v1/", "/tiles/");
    assert_ne!(file, newest);
    let drawn = cluster.site.picture(WINDOW).await;
    for (way, file) in [("at once", &file), ("by a redirect", &newest)] {
        fs::write(folder.path().join("tilebrot.xml"), file).expect("a file");
        let output = Command::new("bash")
            .args(["-c", &command])
            .current_dir(folder.path())
            .output()
            .expect("bash starts");
        assert!(
            output.status.success(),
            "these tests need GDAL (`apt-get install gdal-bin`); {way}: {output:?}"
        );
        let read = decoded(&fs::read(folder.path().join("window.png")).expect("a picture"));
        assert_eq!(read.dimensions(), drawn.dimensions(), "{way}");
        let differing = read.pixels().zip(drawn.pixels()).filter(|(a, b)| a != b);
        assert_eq!(differing.count(), 0, "{way}");
    }
}
