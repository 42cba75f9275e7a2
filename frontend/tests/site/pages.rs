//! The pages that people see.

use protocol::{PALETTES, View};

use crate::harness::{Answer, Site, Workers, id_in};

#[tokio::test(flavor = "multi_thread")]
async fn the_form_has_every_field_labelled_and_filled_in() {
    let site = Site::start(Workers::start().await).await;
    let (status, page) = site.visit("/form").await;
    assert_eq!(status, 200);
    for field in View::FIELDS {
        assert!(page.contains(&format!("name=\"{field}\"")), "{field}");
        assert!(
            field == "palette" || page.contains(&format!("<label for=\"{field}\"")),
            "{field}"
        );
    }
    for palette in &PALETTES {
        assert!(
            page.contains(&format!("swatch-{}", palette.name)),
            "{}",
            palette.name
        );
    }
    assert!(page.contains("value=\"-0.5\""));
    assert!(page.contains("value=\"1280\""));
    assert!(page.contains("value=\"0.156\""), "the seed of a Julia set");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_is_filled_in_from_the_address() {
    let site = Site::start(Workers::start().await).await;
    let (_, page) = site
        .visit("/form?re=-0.7436438870371587&formula=julia&palette=ocean")
        .await;
    assert!(page.contains("value=\"-0.7436438870371587\""));
    assert!(page.contains("<option value=\"julia\" selected>"));
    assert!(page.contains("value=\"ocean\" checked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_keeps_a_palette_of_stops_and_says_what_is_wrong_with_one() {
    let site = Site::start(Workers::start().await).await;
    let stops = "0.25-000764_0.5-ffaa00";
    let (_, page) = site.visit(&format!("/form?palette={stops}")).await;
    assert!(
        page.contains(&format!("value=\"{stops}\" checked")),
        "{page}"
    );
    // A quarter before the swatch is the last stop, a quarter behind it the first.
    assert!(page.contains("x1=\"-0.5\" x2=\"1.25\""), "{page}");
    assert!(page.contains("stop-color=\"#ffaa00\"/>"), "{page}");
    let (status, page) = site.visit(&format!("/render?palette={stops}")).await;
    assert_eq!(status, 200);
    assert!(page.contains("a palette of its own"), "{page}");
    assert!(page.contains(&format!("palette={stops}")), "{page}");

    let (status, page) = site.visit("/render?palette=0.5-000764_0-ffaa00").await;
    assert_eq!(status, 422);
    assert!(
        page.contains("id=\"palette-error\">Accepted is one of dusk"),
        "{page}"
    );
    assert!(page.contains("2 to 32 stops"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_form_keeps_what_was_typed_and_names_each_mistake() {
    let site = Site::start(Workers::start().await).await;
    let (status, page) = site
        .visit("/render?re=abc&width=0&palette=ocean&mystery=1")
        .await;
    assert_eq!(status, 400);
    assert!(page.contains("value=\"abc\""));
    assert!(
        page.contains("id=\"re-error\">Accepted is a decimal number"),
        "{page}"
    );
    assert!(page.contains("id=\"width-error\">Accepted is a whole number from 1 to 65536"));
    assert!(page.contains("mystery"));
    assert!(page.contains("value=\"ocean\" checked"));
    let (status, _) = site.visit("/render?width=0").await;
    assert_eq!(status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_workers_refuse_is_explained_beside_the_field() {
    let site = Site::start(Workers::start().await).await;
    let errors =
        serde_json::json!([{ "field": "zoom", "value": "1e40", "accepted": "at most 2e11" }]);
    let problem =
        serde_json::json!({ "title": "too deep", "status": 422, "detail": "…", "errors": errors });
    site.workers.survey_with(422, problem);
    let (status, page) = site.visit("/render?zoom=1e40").await;
    assert_eq!(status, 422);
    assert!(page.contains("value=\"1e40\""));
    assert!(
        page.contains("id=\"zoom-error\">Accepted is at most 2e11."),
        "{page}"
    );
    let answer = site.get("/render?zoom=1e40").await;
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_form_sends_is_accepted_as_it_is() {
    let site = Site::start(Workers::start().await).await;
    let (_, page) = site.visit("/form").await;
    let mut query = Vec::new();
    for input in page
        .split("<input ")
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap())
    {
        let of = |name: &str| {
            input
                .split(&format!("{name}=\""))
                .nth(1)
                .map(|rest| rest.split('"').next().unwrap())
        };
        if of("type") != Some("radio") || input.contains(" checked") {
            query.push(format!(
                "{}={}",
                of("name").unwrap(),
                of("value").unwrap().replace('#', "%23")
            ));
        }
    }
    let query =
        query.join("&") + "&formula=mandelbrot&colouring=smooth&quality=standard&subdivision=none";
    assert_eq!(query.split('&').count(), View::FIELDS.len());
    let (status, page) = site.visit(&format!("/render?{query}")).await;
    assert_eq!(status, 200, "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_shows_the_picture_and_leads_everywhere() {
    let site = Site::start(Workers::start().await).await;
    let (status, page) = site
        .visit("/render?zoom=3&palette=ember&width=320&height=200")
        .await;
    assert_eq!(status, 200);
    let query = "zoom=3&amp;width=320&amp;height=200&amp;palette=ember";
    let id = id_in(&page);
    for link in [
        format!("src=\"/render.png?{query}&amp;progress={id}\""),
        format!("href=\"/render.png?{query}\" download=\"mandelbrot-zoom-3-320x200.png\""),
        format!("href=\"/form?{query}\""),
        format!("href=\"/?{query}\""),
        format!("href=\"/render?{query}\""),
        format!("href=\"/renders/{id}\""),
    ] {
        assert!(page.contains(&link), "{link}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_visits_have_two_renders() {
    let site = Site::start(Workers::start().await).await;
    let id = async || {
        let (_, page) = site.visit("/render").await;
        id_in(&page).to_owned()
    };
    assert_ne!(id().await, id().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_is_escaped_on_its_way_out() {
    let site = Site::start(Workers::start().await).await;
    for path in [
        "/?re=%22%3E%3Cscript%3E",
        "/?%22%3E%3Cscript%3E",
        "/?re='\"><script>",
        "/form?re=%22%3E%3Cscript%3E",
        "/render?re=%22%3E%3Cscript%3E",
        "/render?%3Cscript%3E=1",
    ] {
        let (_, page) = site.visit(path).await;
        assert!(!page.contains("<script>"), "{path}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_security_headers() {
    let site = Site::start(Workers::that(|_, _| Answer::Band).await).await;
    let paths = [
        "/",
        "/form",
        "/render",
        "/render?re=x",
        "/render.png?width=8&height=8",
        "/render.png?re=x",
        "/nowhere",
        "/renders/x",
        "/renders/x/events",
        "/static/style.css",
        "/static/none",
        "/livez",
        "/readyz",
        "/metrics",
    ];
    let mut answers = Vec::new();
    for path in paths {
        answers.push(site.get(path).await);
    }
    answers.push(site.client.delete(site.url("/")).send().await.unwrap());
    for answer in answers {
        let (url, headers) = (answer.url().clone(), answer.headers());
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{url}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{url}");
        assert_eq!(headers["x-frame-options"], "DENY", "{url}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_nothing_inline() {
    let site = Site::start(Workers::start().await).await;
    for path in ["/", "/form", "/render", "/render?re=x", "/nowhere"] {
        let (_, page) = site.visit(path).await;
        let attributes = page.split('<').flat_map(str::split_whitespace);
        let names = attributes
            .filter_map(|attribute| attribute.split_once('='))
            .map(|(name, _)| name);
        let inline = |name: &str| name == "style" || name.starts_with("on");
        assert_eq!(
            names.filter(|name| inline(name)).collect::<Vec<_>>(),
            [""; 0],
            "{path}"
        );
        assert!(!page.contains("<style"), "{path}");
        let inline = page
            .split("<script")
            .skip(1)
            .filter(|script| !script.contains("></script>"))
            .count();
        assert_eq!(inline, 0, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_explorer_and_the_form_lead_to_each_other_at_the_same_view() {
    let site = Site::start(Workers::start().await).await;
    let (status, page) = site.visit("/?re=-1.25&zoom=40").await;
    assert_eq!(status, 200);
    let without_scripts = "content=\"0; url=/form?re=-1.25&amp;zoom=40\"";
    assert!(page.contains(without_scripts), "{page}");
    let (_, form) = site.visit("/form?re=-1.25&zoom=40").await;
    assert!(form.contains("href=\"/?re=-1.25&amp;zoom=40\""), "{form}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_module_that_the_explorer_imports_is_there() {
    let site = Site::start(Workers::start().await).await;
    let (_, page) = site.visit("/").await;
    let preloaded: Vec<&str> = page
        .split("rel=\"modulepreload\" href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(preloaded.len() > 20, "{preloaded:?}");
    for path in &preloaded {
        let text = site.get(path).await.text().await.unwrap();
        let imports = text.split("from \"./").skip(1);
        for module in imports.map(|rest| rest.split('"').next().unwrap()) {
            let module = format!("/static/explorer/{module}");
            assert!(preloaded.contains(&module.as_str()), "{path}: {module}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_their_kind_and_are_sent_once() {
    let site = Site::start(Workers::start().await).await;
    let kinds = [
        ("style.css", "text/css; charset=utf-8"),
        ("palettes.css", "text/css; charset=utf-8"),
        ("result.js", "text/javascript; charset=utf-8"),
        ("explorer/explorer.js", "text/javascript; charset=utf-8"),
        ("explorer/palettes.js", "text/javascript; charset=utf-8"),
        ("favicon.svg", "image/svg+xml"),
    ];
    for (file, kind) in kinds {
        let url = site.url(&format!("/static/{file}"));
        let first = site.client.get(&url).send().await.unwrap();
        assert_eq!(first.headers()["content-type"], kind);
        let tag = first.headers()["etag"].clone();
        let second = site
            .client
            .get(&url)
            .header("if-none-match", tag)
            .send()
            .await
            .unwrap();
        assert_eq!(second.status(), 304, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_pages_for_people_and_problems_for_programs() {
    let site = Site::start(Workers::start().await).await;
    let (status, page) = site.visit("/nowhere").await;
    assert_eq!(status, 404);
    assert!(page.contains("Not found"));
    let answer = site.get("/nowhere").await;
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let wrong = site.client.post(site.url("/")).send().await.unwrap();
    assert_eq!(wrong.status(), 405);
    assert_eq!(wrong.headers()["content-type"], "application/problem+json");
    let (status, page) = site.visit("/render.png?zoom=0").await;
    assert_eq!(status, 422);
    assert!(page.contains("zoom"));
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_count_what_was_drawn() {
    let site = Site::start(Workers::start().await).await;
    site.png("width=64&height=64").await;
    let metrics = site.get("/metrics").await.text().await.unwrap();
    for line in [
        "tilebrot_frontend_renders_total{outcome=\"finished\"} 1",
        "tilebrot_frontend_renders_total{outcome=\"failed\"} 0",
        "tilebrot_frontend_renders_total{outcome=\"abandoned\"} 0",
        "tilebrot_frontend_renders_total{outcome=\"refused\"} 0",
        "tilebrot_frontend_pieces_total{outcome=\"drawn\"} 1",
        "tilebrot_frontend_pieces_total{outcome=\"retried\"} 0",
        "tilebrot_frontend_pieces_total{outcome=\"doubled\"} 0",
        "tilebrot_frontend_renders_in_flight 0",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}
