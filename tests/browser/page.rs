//! What a person does with a page and sees on it. Whatever takes time is waited for as a condition, with an end
//! to the patience and a sentence about what did not happen.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chromiumoxide::Element;
use chromiumoxide::cdp::browser_protocol::dom::ScrollIntoViewIfNeededParams;
use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetScriptExecutionDisabledParams,
};
use chromiumoxide::cdp::browser_protocol::log::{EventEntryAdded, LogEntryLevel};
use chromiumoxide::cdp::browser_protocol::page::{CaptureScreenshotFormat, Viewport};
use chromiumoxide::cdp::js_protocol::runtime::{
    ConsoleApiCalledType, EvaluateParams, EventConsoleApiCalled, EventExceptionThrown,
};
use chromiumoxide::error::CdpError;
use chromiumoxide::page::ScreenshotParams;
use chromiumoxide::types::ClickOptions;
use futures::{Stream, StreamExt};
use image::RgbaImage;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::PATIENCE;
use crate::chromium::Chromium;
use crate::site::decoded;

/// A page of a browser, and what went wrong on it.
pub(crate) struct Page {
    pub(crate) inner: chromiumoxide::Page,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Page {
    /// Listens to the page's complaints from its beginning.
    pub(crate) async fn new(inner: chromiumoxide::Page) -> Page {
        let page = Page {
            inner,
            complaints: Arc::default(),
        };
        let entries = page.inner.event_listener::<EventEntryAdded>().await;
        page.collect(entries.expect("a listener"), |event| {
            let entry = &event.entry;
            let bad = matches!(entry.level, LogEntryLevel::Error | LogEntryLevel::Warning);
            bad.then(|| format!("{}: {}", entry.source.as_ref(), entry.text))
        });
        let calls = page.inner.event_listener::<EventConsoleApiCalled>().await;
        page.collect(calls.expect("a listener"), |event| {
            let bad = matches!(
                event.r#type,
                ConsoleApiCalledType::Error | ConsoleApiCalledType::Warning
            );
            bad.then(|| format!("console: {:?}", event.args))
        });
        let thrown = page.inner.event_listener::<EventExceptionThrown>().await;
        page.collect(thrown.expect("a listener"), |event| {
            Some(format!("thrown: {:?}", event.exception_details))
        });
        page.size(1280, 900).await;
        page
    }

    fn collect<Event: Send + Sync + 'static>(
        &self,
        mut events: impl Stream<Item = Arc<Event>> + Send + Unpin + 'static,
        complaint: impl Fn(&Event) -> Option<String> + Send + 'static,
    ) {
        let complaints = self.complaints.clone();
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let mut complaints = complaints.lock().expect("no holder panics");
                complaints.extend(complaint(&event));
            }
        });
    }

    /// Errors and warnings so far: of the network, of the content security policy, of the scripts.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints.lock().expect("no holder panics").clone()
    }

    /// Opens an address and waits until all of it is there.
    pub(crate) async fn open(&self, url: &str) {
        self.inner.goto(url).await.expect("the page opens");
    }

    /// Makes the page `width` × `height` pixels large.
    pub(crate) async fn size(&self, width: i64, height: i64) {
        let size = SetDeviceMetricsOverrideParams::new(width, height, 1.0, false);
        self.inner.execute(size).await.expect("a size");
    }

    /// Prefers `dark` or `light`, as a person's system does.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let features = vec![MediaFeature::new("prefers-color-scheme", scheme)];
        self.inner
            .emulate_media_features(features)
            .await
            .expect("a colour scheme");
    }

    pub(crate) async fn disable_scripts(&self) {
        let disabled = SetScriptExecutionDisabledParams::new(true);
        self.inner.execute(disabled).await.expect("no scripts");
    }

    /// The element, as soon as there is one, scrolled to where it is seen. One of a page that gives way to another is looked for again.
    async fn element(&self, selector: &str) -> Element {
        let found = format!(
            "document.readyState !== 'loading' && document.querySelector({selector:?}) !== null"
        );
        let began = Instant::now();
        loop {
            self.until(&format!("there is {selector}"), &found).await;
            match self.seen_element(selector).await {
                Ok(element) => return element,
                Err(error) => assert!(began.elapsed() < PATIENCE, "{selector}: {error}"),
            }
        }
    }

    async fn seen_element(&self, selector: &str) -> Result<Element, CdpError> {
        let element = self.inner.find_element(selector).await?;
        let scroll = ScrollIntoViewIfNeededParams {
            backend_node_id: Some(element.backend_node_id),
            ..ScrollIntoViewIfNeededParams::default()
        };
        self.inner.execute(scroll).await?;
        Ok(element)
    }

    pub(crate) async fn click(&self, selector: &str) {
        let point = self.element(selector).await.clickable_point().await;
        let point =
            point.unwrap_or_else(|error| panic!("{selector} is no place to click: {error}"));
        self.inner.click(point).await.expect("a click");
    }

    /// Types `text` into a field in place of what is there.
    pub(crate) async fn fill_in(&self, name: &str, text: &str) {
        let field = self.element(&format!("#{name}")).await;
        let point = field.clickable_point().await.expect("the field is seen");
        // The third click selects all of it.
        let thrice = ClickOptions::builder().click_count(3).build();
        self.inner.click_with(point, thrice).await.expect("clicks");
        field.type_str(text).await.expect("the text is typed");
        assert_eq!(self.text_of_field(name).await, text, "what {name} holds");
    }

    pub(crate) async fn press(&self, key: &str) {
        let body = self.inner.find_element("body").await.expect("a body");
        body.press_key(key).await.expect("a key");
    }

    pub(crate) async fn text_of_field(&self, name: &str) -> String {
        self.value(&format!("document.getElementById({name:?}).value"))
            .await
    }

    /// The text of an element, as it is shown.
    pub(crate) async fn text(&self, selector: &str) -> String {
        self.value(&format!("document.querySelector({selector:?}).innerText"))
            .await
    }

    /// What the expression yields on the page.
    pub(crate) async fn value<T: DeserializeOwned>(&self, expression: &str) -> T {
        let value = self.try_value(expression).await;
        value.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The same, when the page may be about to give way to another one.
    pub(crate) async fn try_value<T: DeserializeOwned>(
        &self,
        expression: &str,
    ) -> Result<T, String> {
        // Not by way of the library's own evaluation, which looks for the page's frames first: in the midst
        // of a navigation there are none.
        let mut evaluate = EvaluateParams::new(expression);
        evaluate.return_by_value = Some(true);
        evaluate.await_promise = Some(true);
        let answer = self.inner.execute(evaluate).await;
        let answer = answer.map_err(|error| error.to_string())?.result;
        if let Some(exception) = answer.exception_details {
            return Err(format!("{exception:?}"));
        }
        let value = answer.result.value.unwrap_or_default();
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    /// Waits until `condition` holds on the page, whichever page that is by then.
    pub(crate) async fn until(&self, what: &str, condition: &str) {
        let began = Instant::now();
        while self.try_value(condition).await != Ok(true) {
            if began.elapsed() > PATIENCE {
                let page: Result<String, _> = self.try_value("document.body.innerText").await;
                panic!(
                    "waited too long until {what}; the page says: {page:?}; complaints: {:?}",
                    self.complaints()
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for a result's page, and for all of its picture.
    pub(crate) async fn until_the_picture_is_there(&self) {
        self.until(
            "the picture is complete",
            "location.pathname === '/render' && picture.complete && picture.naturalWidth > 0",
        )
        .await;
    }

    /// Waits for the result's page to say that the render is over.
    pub(crate) async fn until_it_says_drawn(&self) {
        self.until(
            "the page says that the picture is drawn",
            "document.getElementById('status')?.innerText.startsWith('Drawn in')",
        )
        .await;
    }

    /// The pixels of the result's picture, by way of a canvas.
    pub(crate) async fn pixels(&self) -> RgbaImage {
        let width = self.value("picture.naturalWidth").await;
        let height = self.value("picture.naturalHeight").await;
        let bytes: String = self.value(include_str!("pixels.js")).await;
        let bytes = bytes.chars().map(|byte| byte as u8).collect();
        RgbaImage::from_raw(width, height, bytes).expect("four bytes a pixel")
    }

    /// What is seen of the page now.
    pub(crate) async fn seen(&self) -> RgbaImage {
        let params = ScreenshotParams::builder().format(CaptureScreenshotFormat::Png);
        let png = self.inner.screenshot(params.build()).await;
        decoded(&png.expect("a screenshot"))
    }

    /// Keeps a picture of the whole page, where that is asked for.
    pub(crate) async fn keep_screenshot(&self, name: &str) {
        self.keep(name, "document.documentElement.scrollHeight")
            .await;
    }

    /// The same of what the window shows.
    pub(crate) async fn keep_window(&self, name: &str) {
        self.keep(name, "innerHeight").await;
    }

    async fn keep(&self, name: &str, height: &str) {
        let Some(folder) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else {
            return;
        };
        std::fs::create_dir_all(&folder).expect("a folder for screenshots");
        // The library's own way to a full page leaves the window with another size.
        let (width, height): (f64, f64) = self.value(&format!("[innerWidth, {height}]")).await;
        let params = ScreenshotParams::builder()
            .format(CaptureScreenshotFormat::Png)
            .clip(Viewport {
                x: 0.0,
                y: 0.0,
                width,
                height,
                scale: 1.0,
            })
            .capture_beyond_viewport(true);
        let path = folder.join(format!("{name}.png"));
        let saved = self.inner.save_screenshot(params.build(), path).await;
        saved.expect("a screenshot");
    }
}

#[tokio::test]
async fn a_complaint_is_heard() {
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    let policy = "<meta http-equiv=content-security-policy content=\"script-src 'none'\">";
    page.open(&format!("data:text/html,{policy}<script>1</script>"))
        .await;
    page.value::<()>("console.error('loud')").await;
    page.value::<()>("void setTimeout(() => { throw Error('thrown') })")
        .await;
    for (what, told) in [
        ("policy", "Content Security Policy"),
        ("call", "loud"),
        ("error", "thrown"),
    ] {
        let began = Instant::now();
        while !page.complaints().iter().any(|text| text.contains(told)) {
            assert!(
                began.elapsed() < PATIENCE,
                "{what}: {:?}",
                page.complaints()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
