//! The client against servers on loopback; names come from a resolver of the test, and no packet leaves the machine.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its server has failed")]

#[path = "client/server.rs"]
mod server;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use http::header::{AUTHORIZATION, COOKIE, HeaderName};
use http::{HeaderValue, Method, Version};
use server::{Authority, Names, Server, answer, chunks};
use troupe_net::{AllowList, Client, ClientConfig, NetError, ProxyConfig, Request, Response, Trust};
use url::Url;

/// Long enough never to run out on a slow machine.
const LONG: Duration = Duration::from_mins(2);
/// For time-outs that must run out: the other side never sends anything, so no machine is too slow for it.
const SHORT: Duration = Duration::from_millis(30);

fn names() -> Arc<Names> {
    Names::new(&[
        ("a.test", &["127.0.0.1"]),
        ("b.test", &["127.0.0.1"]),
        ("private.test", &["10.0.0.7"]),
        ("mixed.test", &["93.184.215.14", "192.168.0.1"]),
        ("metadata.test", &["169.254.169.254"]),
        ("mapped.test", &["::ffff:127.0.0.1"]),
        ("nothing.test", &[]),
    ])
}

fn client(allowed: &[&str]) -> Client {
    configured(|config| config.allowed = AllowList::parse(allowed).unwrap())
}

fn configured(change: impl FnOnce(&mut ClientConfig)) -> Client {
    let mut config = ClientConfig { first_byte_timeout: LONG, idle_timeout: LONG, ..ClientConfig::default() };
    change(&mut config);
    Client::with_resolver(&config, names()).unwrap()
}

fn get(url: &str, trust: Trust) -> Request {
    Request::new(Method::GET, url.parse().unwrap(), trust)
}

async fn text(response: Response) -> String {
    let (bytes, truncated) = response.read_limited(1 << 20).await.unwrap();
    assert!(!truncated);
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_guarded_request_reaches_no_name_with_a_private_address() {
    let server = Server::start(|_| answer(200, &[], "reached")).await;
    for host in ["a.test", "private.test", "mixed.test", "metadata.test", "mapped.test"] {
        let url = format!("http://{host}:{}/", server.port());
        let error = client(&[]).send(get(&url, Trust::Guarded)).await.unwrap_err();
        assert!(error.is_refused() && !error.is_connect(), "{host}: {error}");
        assert!(error.to_string().contains(host), "{error}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_guarded_request_reaches_no_private_address_in_any_spelling() {
    let server = Server::start(|_| answer(200, &[], "reached")).await;
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "[::]",
        "10.0.0.7",
        "[fd12::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fe80::1]",
    ] {
        let url = format!("http://{host}:{}/", server.port());
        let error = client(&[]).send(get(&url, Trust::Guarded)).await.unwrap_err();
        assert!(error.is_refused(), "{host}: {error}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_literal_host_may_be_private_but_never_a_metadata_service() {
    let server = Server::start(|_| answer(200, &[], "reached")).await;
    for host in ["a.test", "127.0.0.1"] {
        let url = format!("http://{host}:{}/", server.port());
        assert_eq!(text(client(&[]).send(get(&url, Trust::Literal)).await.unwrap()).await, "reached");
    }
    for host in ["metadata.test", "169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "0.0.0.0"] {
        let error = client(&["metadata.test"]).send(get(&format!("http://{host}/"), Trust::Literal)).await.unwrap_err();
        assert!(error.is_refused(), "{host}: {error}");
    }
}

#[tokio::test]
async fn an_allow_list_opens_hosts_and_networks() {
    let server = Server::start(|_| answer(200, &[], "reached")).await;
    let url = format!("http://a.test:{}/", server.port());
    for allowed in ["a.test", "A.TEST.", "*.test", "127.0.0.0/8", "127.0.0.1"] {
        assert_eq!(
            text(client(&[allowed]).send(get(&url, Trust::Guarded)).await.unwrap()).await,
            "reached",
            "{allowed}"
        );
    }
    for allowed in ["b.test", "*.a.test", "10.0.0.0/8", "::1", "127.0.0.2"] {
        assert!(client(&[allowed]).send(get(&url, Trust::Guarded)).await.unwrap_err().is_refused(), "{allowed}");
    }
    for wrong in ["", "a b", "10.0.0.0/33", "http://a", "*", "a..b"] {
        assert!(AllowList::parse([wrong]).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_connection_of_a_trusted_request_serves_no_other() {
    let server = Server::start(|_| answer(200, &[], "reached")).await;
    let url = format!("http://a.test:{}/", server.port());
    let client = client(&[]);
    text(client.send(get(&url, Trust::Literal)).await.unwrap()).await;
    assert!(client.send(get(&url, Trust::Guarded)).await.unwrap_err().is_refused());
    assert_eq!(server.seen().len(), 1);
}

fn with_secrets(request: Request) -> Request {
    request
        .header(AUTHORIZATION, HeaderValue::from_static("Bearer s3cret"))
        .header(COOKIE, HeaderValue::from_static("session=s3cret"))
        .secret_header(HeaderName::from_static("x-api-key"), HeaderValue::from_static("s3cret"))
        .header(HeaderName::from_static("x-plain"), HeaderValue::from_static("plain"))
}

#[tokio::test]
async fn a_redirect_to_another_host_carries_no_secret_and_none_comes_back() {
    let server = Server::start(|seen| {
        let port = seen.header("host").and_then(|host| host.split(':').nth(1)).unwrap_or_default().to_owned();
        match seen.target.as_str() {
            "/same" => answer(302, &[("location", "/away")], ""),
            "/away" => answer(307, &[("location", &format!("http://user:pass@b.test:{port}/back"))], ""),
            "/back" => answer(308, &[("location", &format!("http://a.test:{port}/end?token=x"))], ""),
            _ => answer(200, &[], "end"),
        }
    })
    .await;
    let url = format!("http://a.test:{}/same", server.port());
    let response = client(&["127.0.0.0/8"]).send(with_secrets(get(&url, Trust::Guarded))).await.unwrap();
    assert_eq!(response.url().as_str(), format!("http://a.test:{}/end?token=x", server.port()));
    let kept: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| {
            let secrets = ["authorization", "cookie", "x-api-key"].map(|name| seen.header(name).is_some());
            (seen.target.clone(), secrets, seen.header("x-plain").is_some())
        })
        .collect();
    assert_eq!(
        kept,
        [
            ("/same".to_owned(), [true; 3], true),
            ("/away".to_owned(), [true; 3], true),
            ("/back".to_owned(), [false; 3], true),
            ("/end?token=x".to_owned(), [false; 3], true),
        ]
    );
}

#[tokio::test]
async fn a_redirect_leaves_the_trust_of_its_host_behind() {
    let target = Server::start(|_| answer(200, &[], "reached")).await;
    let port = target.port();
    for location in [
        format!("http://b.test:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        "http://169.254.169.254/latest".to_owned(),
        "//private.test/".to_owned(),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
    ] {
        let answered = location.clone();
        let server = Server::start(move |_| answer(302, &[("location", &answered)], "")).await;
        let url = format!("http://a.test:{}/", server.port());
        let error = client(&[]).send(get(&url, Trust::Literal)).await.unwrap_err();
        assert!(error.is_refused(), "{location}: {error}");
    }
    for location in ["file:///etc/passwd", "gopher://a.test/", "http://", "http://[::1"] {
        let server = Server::start(move |_| answer(302, &[("location", location)], "")).await;
        let url = format!("http://a.test:{}/", server.port());
        let error = client(&[]).send(get(&url, Trust::Literal)).await.unwrap_err();
        assert!(matches!(error, NetError::Redirect { .. }), "{location}: {error}");
    }
    assert!(target.seen().is_empty());
}

#[tokio::test]
async fn at_most_ten_redirects_are_followed() {
    let server = Server::start(|seen| {
        let number: u32 = seen.target.trim_start_matches('/').parse().unwrap_or(0);
        if number == 0 {
            answer(200, &[], "end")
        } else {
            answer(302, &[("location", &format!("/{}", number - 1))], "")
        }
    })
    .await;
    let url = |number: u32| format!("http://a.test:{}/{number}", server.port());
    let client = client(&[]);
    assert_eq!(text(client.send(get(&url(10), Trust::Literal)).await.unwrap()).await, "end");
    let error = client.send(get(&url(11), Trust::Literal)).await.unwrap_err();
    assert!(matches!(error, NetError::Redirect { .. }), "{error}");
    let unfollowed = client.send(get(&url(3), Trust::Literal).max_redirects(0)).await.unwrap();
    assert_eq!(unfollowed.status(), 302);
}

#[tokio::test]
async fn a_redirected_post_becomes_a_get_or_keeps_its_body() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/end" => answer(200, &[], ""),
        path => answer(path.trim_start_matches('/').parse().unwrap_or(500), &[("location", "/end")], ""),
    })
    .await;
    let client = client(&[]);
    for (status, method, body) in
        [(301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "{}"), (308, "POST", "{}")]
    {
        let url = format!("http://a.test:{}/{status}", server.port()).parse().unwrap();
        let request = Request::new(Method::POST, url, Trust::Literal).json(&serde_json::json!({})).unwrap();
        client.send(request).await.unwrap();
        let last = server.seen().pop().unwrap();
        assert_eq!((last.method.as_str(), &last.body[..]), (method, body.as_bytes()), "{status}");
        assert_eq!(last.header("content-type").is_some(), method == "POST", "{status}");
    }
}

#[tokio::test]
async fn a_secret_body_goes_to_no_other_host() {
    let server = Server::start(|seen| {
        let port = seen.header("host").and_then(|host| host.split(':').nth(1)).unwrap_or_default().to_owned();
        answer(307, &[("location", &format!("http://b.test:{port}/end"))], "")
    })
    .await;
    let url = format!("http://a.test:{}/", server.port()).parse().unwrap();
    let request = Request::new(Method::POST, url, Trust::Literal).body("client_secret=s3cret").secret_body();
    let error = client(&["127.0.0.0/8"]).send(request).await.unwrap_err();
    assert!(matches!(error, NetError::Redirect { .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_body_is_read_to_a_limit() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/one" => answer(200, &[], "0123456789"),
        "/none" => answer(204, &[], ""),
        _ => chunks(&["0123", "45", "6789"], false),
    })
    .await;
    let client = client(&[]);
    for (path, limit, expected, truncated) in [
        ("one", 10, "0123456789", false),
        ("one", 9, "012345678", true),
        ("one", 0, "", true),
        ("none", 0, "", false),
        ("many", 10, "0123456789", false),
        ("many", 9, "012345678", true),
        ("many", 4, "0123", true),
        ("many", 5, "01234", true),
        ("many", usize::MAX, "0123456789", false),
    ] {
        let url = format!("http://a.test:{}/{path}", server.port());
        let response = client.send(get(&url, Trust::Literal)).await.unwrap();
        let (bytes, more) = response.read_limited(limit).await.unwrap();
        assert_eq!((&bytes[..], more), (expected.as_bytes(), truncated), "{path} {limit}");
    }
}

#[tokio::test]
async fn a_stream_gives_chunks_as_they_arrive_and_ends_after_an_error() {
    let server = Server::start(|_| chunks(&["first"], true)).await;
    let url = format!("http://a.test:{}/?token=s3cret", server.port());
    let response = client(&[]).send(get(&url, Trust::Literal).idle_timeout(SHORT)).await.unwrap();
    let mut body = response.into_body();
    assert_eq!(body.next().await.unwrap().unwrap(), "first");
    let error = body.next().await.unwrap().unwrap_err();
    assert!(matches!(&error, NetError::IdleTimeout { after, .. } if *after == SHORT), "{error}");
    assert!(error.is_timeout() && error.is_interrupted() && !error.to_string().contains("s3cret"), "{error}");
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn a_library_may_use_the_connections_for_one_host() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/away" => answer(302, &[("location", "/end")], ""),
        _ => answer(200, &[], ""),
    })
    .await;
    let client = client(&[]);
    let url: Url = format!("http://a.test:{}/away", server.port()).parse().unwrap();
    let lent = client.lend(&url, Trust::Literal).unwrap();
    assert_eq!(lent.get(url.clone()).send().await.unwrap().status(), 302);
    assert!(client.lend(&url, Trust::Guarded).unwrap().get(url).send().await.is_err());
    let metadata = "http://169.254.169.254/".parse().unwrap();
    assert!(client.lend(&metadata, Trust::Literal).unwrap_err().is_refused());
}

#[tokio::test]
async fn a_form_is_escaped() {
    let server = Server::start(|_| answer(200, &[], "")).await;
    let url = format!("http://a.test:{}/", server.port()).parse().unwrap();
    let request = Request::new(Method::POST, url, Trust::Literal).form([("grant", "a b"), ("secret", "&=ü")]);
    client(&[]).send(request).await.unwrap();
    let seen = server.seen().pop().unwrap();
    assert_eq!(&seen.body[..], b"grant=a+b&secret=%26%3D%C3%BC");
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
}

#[tokio::test]
async fn a_total_time_out_ends_heads_and_bodies() {
    let server = Server::start(|_| chunks(&["first"], true)).await;
    let url = format!("http://a.test:{}/", server.port());
    let total = Duration::from_millis(500);
    let response = client(&[]).send(get(&url, Trust::Literal).total_timeout(total)).await;
    // A machine that needs so long for the head meets the same limit there.
    let error = match response {
        Ok(response) => response.read_limited(100).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, NetError::TotalTimeout { .. }), "{error}");
    let silent = Server::raw("").await;
    let url = format!("http://slow.test:{}/", silent.port());
    let error = client(&[]).send(get(&url, Trust::Literal).total_timeout(SHORT)).await.unwrap_err();
    assert!(matches!(error, NetError::TotalTimeout { .. }), "{error}");
}

#[tokio::test]
async fn time_outs_before_the_response_say_which() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://a.test:{}/path?key=s3cret", listener.local_addr().unwrap().port());
    let error = client(&[]).send(get(&url, Trust::Literal).first_byte_timeout(SHORT)).await.unwrap_err();
    assert!(matches!(error, NetError::FirstByteTimeout { .. }), "{error}");
    assert!(error.is_timeout() && !error.is_connect() && !error.to_string().contains("s3cret"), "{error}");
    let client = configured(|config| config.connect_timeout = SHORT);
    let error = client.send(get("http://slow.test/", Trust::Literal)).await.unwrap_err();
    assert!(matches!(error, NetError::ConnectTimeout { .. }), "{error}");
    assert!(error.is_timeout() && error.is_connect(), "{error}");
}

#[tokio::test]
async fn broken_connections_say_where_they_broke() {
    let closed = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let silent = Server::raw("").await;
    let garbage = Server::raw("SSH-2.0-OpenSSH\r\n\r\n").await;
    let broken = Server::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this").await;
    let client = client(&[]);
    let send = async |url: String| client.send(get(&url, Trust::Literal)).await;
    let error = send(format!("http://user:s3cret@a.test:{closed}/?s3cret#s3cret")).await.unwrap_err();
    assert!(matches!(error, NetError::Connect { .. }) && error.is_connect(), "{error}");
    for port in [silent.port(), garbage.port()] {
        let error = send(format!("http://user:s3cret@a.test:{port}/?s3cret#s3cret")).await.unwrap_err();
        assert!(matches!(error, NetError::NoResponse { .. }) && !error.is_connect(), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
    let error = send(format!("https://a.test:{}/", garbage.port())).await.unwrap_err();
    assert!(matches!(error, NetError::Tls { .. }) && error.is_connect(), "{error}");
    let response = send(format!("http://user:s3cret@a.test:{}/?s3cret", broken.port())).await.unwrap();
    let error = response.read_limited(1000).await.unwrap_err();
    assert!(matches!(error, NetError::Interrupted { .. }) && error.is_interrupted(), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    for host in ["unknown.test", "nothing.test"] {
        let error = send(format!("http://{host}/")).await.unwrap_err();
        assert!(matches!(error, NetError::Resolve { .. }) && error.is_connect(), "{error}");
    }
    let error = send("ftp://a.test/".to_owned()).await.unwrap_err();
    assert!(matches!(error, NetError::InvalidRequest { .. }), "{error}");
}

#[tokio::test]
async fn credentials_in_a_url_become_a_header() {
    let server = Server::start(|_| answer(200, &[("content-encoding", "gzip")], "not really gzip")).await;
    let url = format!("http://us%40er:p%3Aa%26b+c%3D@a.test:{}/x", server.port());
    let response = client(&[]).send(get(&url, Trust::Literal)).await.unwrap();
    assert_eq!(response.url().as_str(), format!("http://a.test:{}/x", server.port()));
    // What is compressed arrives compressed, and nothing asked for it.
    assert_eq!(text(response).await, "not really gzip");
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.header("authorization"), Some("Basic dXNAZXI6cDphJmIrYz0="));
    assert_eq!(seen.header("accept-encoding"), None);
    assert!(seen.header("user-agent").unwrap().starts_with("troupe/"));
}

#[tokio::test]
async fn a_proxy_is_used_when_configured_and_the_guard_looks_first() {
    let proxy = Server::start(|_| answer(200, &[], "from the proxy")).await;
    let variables = |name: &str| (name == "http_proxy").then(|| format!("http://b.test:{}", proxy.port()));
    let config = ProxyConfig::from_variables(variables).unwrap();
    let client = configured(|client| {
        client.proxy = config;
        client.allowed = AllowList::parse(["93.184.215.14", "a.test"]).unwrap();
    });
    for host in ["a.test", "93.184.215.14"] {
        let response = client.send(get(&format!("http://{host}/path"), Trust::Guarded)).await.unwrap();
        assert_eq!(text(response).await, "from the proxy");
        assert_eq!(proxy.seen().pop().unwrap().target, format!("http://{host}/path"));
    }
    let before = proxy.seen().len();
    for host in ["private.test", "127.0.0.1", "mixed.test"] {
        let error = client.send(get(&format!("http://{host}/"), Trust::Guarded)).await.unwrap_err();
        assert!(error.is_refused(), "{host}: {error}");
    }
    assert_eq!(proxy.seen().len(), before);
}

fn trusting(authority: &Authority) -> Client {
    configured(|config| config.extra_authorities = Some(authority.pem.clone().into_bytes()))
}

#[tokio::test]
async fn an_extra_authority_is_trusted_and_http_2_is_spoken() {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, |_| answer(200, &[], "secure")).await;
    let url = format!("https://a.test:{}/", server.port());
    assert_eq!(text(trusting(&authority).send(get(&url, Trust::Literal)).await.unwrap()).await, "secure");
    assert_eq!(server.seen().pop().unwrap().version, Version::HTTP_2);
    let other_host = format!("https://b.test:{}/", server.port());
    for (client, url) in [(client(&[]), &url), (trusting(&Authority::new()), &url), (trusting(&authority), &other_host)]
    {
        let error = client.send(get(url, Trust::Literal)).await.unwrap_err();
        assert!(matches!(error, NetError::Tls { .. }) && error.is_connect(), "{error}");
    }
    assert!(trusting(&authority).send(get(&url, Trust::Guarded)).await.unwrap_err().is_refused());
}

#[tokio::test]
async fn a_redirect_from_https_to_http_carries_no_secret() {
    let plain = Server::start(|_| answer(200, &[], "plain")).await;
    let port = plain.port();
    let authority = Authority::new();
    let secure =
        Server::start_tls(&authority, move |_| answer(302, &[("location", &format!("http://a.test:{port}/"))], ""))
            .await;
    let url = format!("https://a.test:{}/", secure.port());
    let response = trusting(&authority).send(with_secrets(get(&url, Trust::Literal))).await.unwrap();
    assert_eq!(text(response).await, "plain");
    assert!(secure.seen().pop().unwrap().header("authorization").is_some());
    let seen = plain.seen().pop().unwrap();
    for name in ["authorization", "cookie", "x-api-key"] {
        assert_eq!(seen.header(name), None);
    }
    assert_eq!(seen.header("x-plain"), Some("plain"));
}

#[test]
fn a_wrong_configuration_is_told_without_its_secrets() {
    for authorities in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let config = ClientConfig { extra_authorities: Some(authorities.into()), ..ClientConfig::default() };
        assert!(matches!(Client::new(&config), Err(NetError::Configure { .. })), "{authorities}");
    }
    let error = ProxyConfig::from_variables(|_| Some("user:s3cret@host:x".to_owned())).unwrap_err();
    assert!(!error.to_string().contains("s3cret"), "{error}");
    let variables = |name: &str| (!name.eq_ignore_ascii_case("NO_PROXY")).then(|| "user:s3cret@host:3128".to_owned());
    let proxy = ProxyConfig::from_variables(variables).unwrap();
    let shown = format!("{:?}", ClientConfig { proxy, ..ClientConfig::default() });
    assert!(shown.contains("host") && !shown.contains("s3cret"), "{shown}");
    let request = get("http://user:s3cret@host/?s3cret", Trust::Literal).text_header("x", "s3cret", true).unwrap();
    assert!(!format!("{request:?}").contains("s3cret"));
    let error = get("http://host/", Trust::Literal).text_header("x", "s3cret\n", true).unwrap_err();
    assert!(!error.to_string().contains("s3cret"));
}
