//! Cross-origin rules of one listener.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, request};

use super::settings::Cors;

/// What the rules say of one request.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Not cross-origin, or allowed: add these headers to the answer.
    Pass(HeaderMap),
    /// Answer a preflight with these headers, without asking the actor.
    Preflight(HeaderMap),
    Refused,
}

/// Judges a request by its `Origin`.
pub(super) fn judge(cors: &Cors, request: &request::Parts) -> Verdict {
    let Some(origin) = request.headers.get(header::ORIGIN) else {
        return Verdict::Pass(HeaderMap::new());
    };
    if same_origin(request, origin) {
        return Verdict::Pass(HeaderMap::new());
    }
    if !allows_origin(cors, origin) {
        return Verdict::Refused;
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    let wanted = request.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    if let (&Method::OPTIONS, Some(wanted)) = (&request.method, wanted) {
        let allowed =
            |list: &[String], name: &str| list.iter().any(|it| it.eq_ignore_ascii_case(name));
        if !wanted
            .to_str()
            .is_ok_and(|it| allowed(&cors.allowed_methods, it))
        {
            return Verdict::Refused;
        }
        let asked = request.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        let asked = asked.map_or(Ok(""), HeaderValue::to_str).unwrap_or("\0");
        let mut names = asked.split(',').map(str::trim).filter(|it| !it.is_empty());
        if !names.all(|it| allowed(&cors.allowed_headers, it)) {
            return Verdict::Refused;
        }
        put_list(
            &mut headers,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            &cors.allowed_methods,
        );
        put_list(
            &mut headers,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            &cors.allowed_headers,
        );
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, cors.max_age_secs.into());
        return Verdict::Preflight(headers);
    }
    put_list(
        &mut headers,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        &cors.exposed_headers,
    );
    Verdict::Pass(headers)
}

/// Browsers send `Origin` on same-origin writes too.
fn same_origin(request: &request::Parts, origin: &HeaderValue) -> bool {
    let host = request
        .headers
        .get(header::HOST)
        .and_then(|it| it.to_str().ok());
    let host = host.or_else(|| request.uri.authority().map(http::uri::Authority::as_str));
    let origin = origin
        .to_str()
        .ok()
        .and_then(|it| it.split_once("://"))
        .map(|(_, host)| host);
    host.is_some() && host == origin
}

fn allows_origin(cors: &Cors, origin: &HeaderValue) -> bool {
    let any = cors.allowed_origins.is_empty() || cors.allowed_origins.iter().any(|it| it == "*");
    any || cors
        .allowed_origins
        .iter()
        .any(|it| it.trim_end_matches('/').as_bytes() == origin.as_bytes())
}

fn put_list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if let Ok(value) = HeaderValue::try_from(values.join(", "))
        && !values.is_empty()
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge_with(origins: &[&str], method: &str, headers: &[(&str, &str)]) -> Verdict {
        let cors = Cors {
            allowed_origins: origins.iter().map(|&it| it.into()).collect(),
            ..Cors::default()
        };
        let mut request = http::Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        judge(&cors, &request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn only_listed_origins_pass() {
        assert!(matches!(judge_with(&[], "GET", &[]), Verdict::Pass(it) if it.is_empty()));
        let Verdict::Pass(headers) = judge_with(&[], "GET", &[("origin", "http://a")]) else {
            panic!()
        };
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "http://a");
        assert!(matches!(
            judge_with(&["http://a"], "GET", &[("origin", "http://a")]),
            Verdict::Pass(_)
        ));
        assert!(matches!(
            judge_with(&["http://a"], "GET", &[("origin", "http://b")]),
            Verdict::Refused
        ));
        let own = [("origin", "http://me:1"), ("host", "me:1")];
        assert!(matches!(
            judge_with(&["http://a"], "POST", &own),
            Verdict::Pass(_)
        ));
    }

    #[test]
    fn preflights_are_answered_for_allowed_methods_and_headers() {
        let ask = |method, headers| {
            let asked = [
                ("origin", "http://a"),
                ("access-control-request-method", method),
                ("access-control-request-headers", headers),
            ];
            judge_with(&[], "OPTIONS", &asked)
        };
        let Verdict::Preflight(headers) = ask("PUT", "Content-Type, accept") else {
            panic!()
        };
        assert_eq!(headers[header::ACCESS_CONTROL_MAX_AGE], "300");
        assert!(matches!(ask("BREW", ""), Verdict::Refused));
        assert!(matches!(ask("GET", "x-secret"), Verdict::Refused));
        // An OPTIONS request that asks for nothing is the actor's to answer.
        assert!(matches!(
            judge_with(&[], "OPTIONS", &[("origin", "http://a")]),
            Verdict::Pass(_)
        ));
    }
}
