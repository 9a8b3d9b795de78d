//! Request lines, headers and connections that no honest client makes.

use fastrand::Rng;

use super::attack::{Attack, Maker};
use super::world::World;

/// The families of attacks by everything but the body.
pub const FAMILIES: &[(&str, Maker)] = &[
    ("path trick", path_trick),
    ("long path", long_path),
    ("query trick", query_trick),
    ("odd verb", odd_verb),
    ("repeated header", repeated_header),
    ("header flood", header_flood),
    ("bad credentials", bad_credentials),
    ("control input", control_input),
    ("no HTTP", no_http),
    ("broken head", broken_head),
    ("pipeline", pipeline),
];

/// A path that exists, with something in it that should not be there.
fn path_trick(rng: &mut Rng, world: &World) -> Attack {
    let tricks = [
        "..",
        "../..",
        "%2e%2e",
        "%2e%2e%2f",
        "..%2f..",
        "%00",
        "%0d%0aX-A:%20b",
        "/",
        "//",
        "%2f",
        "%5c",
        "\\",
        ";a=b",
        "%zz",
        "%",
        "%f",
        "%ff",
        "%c0%ae",
        "%ed%a0%80",
        "%F0%9F%92%A9",
        ".",
        "*",
        "{actionId}",
        "'",
        "\"",
        "<x>",
        "|",
        "%25",
        "%252e",
        "null",
        "~",
        "@",
        "$",
        "%20",
        "..;",
        "\u{e9}",
    ];
    let trick = tricks[rng.usize(..tricks.len())];
    let path = world.path(rng);
    let segments: Vec<&str> = path.split('/').collect();
    let at = rng.usize(1..=segments.len());
    let line = match rng.u8(..4) {
        // In the place of a segment, after one, as one more, in front of all.
        0 if at < segments.len() => {
            let mut changed = segments.clone();
            changed[at] = trick;
            changed.join("/")
        }
        1 => format!("{path}{trick}"),
        2 => {
            let mut changed = segments.clone();
            changed.insert(at, trick);
            changed.join("/")
        }
        _ => format!("/{trick}{path}"),
    };
    let verb = ["GET", "POST", "DELETE"][rng.usize(..3)];
    // DELETE only below what is tricked: a path that is still right would delete what the others need.
    let verb = if verb == "DELETE" && !line.contains('%') {
        "GET"
    } else {
        verb
    };
    Attack::whole(world.request(&format!("{verb} {line}"), "Content-Length: 0\r\n", b"")).may_end()
}

fn long_path(rng: &mut Rng, world: &World) -> Attack {
    let size = [1000, 9000, 60_000, 66_000, 300_000, 1_000_000][rng.usize(..6)];
    let path = world.path(rng);
    let line = match rng.u8(..4) {
        0 => format!("GET {path}/{}", "a".repeat(size)),
        1 => format!("GET {path}{}", "/a".repeat(size / 2)),
        2 => format!("GET {path}/{}", "%41".repeat(size / 3)),
        _ => format!("GET {path}?{}", "a=b&".repeat(size / 4)),
    };
    // Beyond what an address may have, the connection ends.
    Attack::whole(world.request(&line, "", b"")).may_end()
}

fn query_trick(rng: &mut Rng, world: &World) -> Attack {
    let names = [
        "pageSize",
        "pageNumber",
        "nextPage",
        "previousPage",
        "cursor",
        "after",
        "before",
        "ids",
        "sortBy",
        "sortOrder",
        "expand",
        "secure",
        "flatten",
        "includeConfig",
        "name",
        "category",
        "reportedState",
        "allowRedirect",
        "",
    ];
    let values = [
        "-1",
        "0",
        "1e9",
        "18446744073709551616",
        "99999999999999999999999",
        "%00",
        "%ff%fe",
        "%",
        "%zz",
        "NaN",
        "true",
        "null",
        "cGFnZToxODQ0Njc0NDA3MzcwOTU1MTYxNQ",
        "cGFnZTow",
        "YXQ6MTg0NDY3NDQwNzM3MDk1NTE2MTU",
        "////",
        "[]",
        "a,b,,c",
        ",,,,",
        "+",
        "",
        "1&pageSize=2",
        "%u0041",
        "\u{e9}",
    ];
    let listings = [
        "/api/v2/integrations",
        "/api/v2/integrations/types",
        "/api/v2/integrations/actions",
        "/api/v2/integrations/actions/drafts",
        "/api/v2/integrations/credentials",
        "/api/v2/integrations/credentials/listing",
        "/api/v2/oauth/clients",
    ];
    let query: Vec<String> = (0..rng.usize(1..5))
        .map(|_| {
            format!(
                "{}={}",
                names[rng.usize(..names.len())],
                values[rng.usize(..values.len())]
            )
        })
        .collect();
    let path = if rng.bool() {
        listings[rng.usize(..listings.len())]
    } else {
        world.path(rng)
    };
    Attack::whole(world.request(&format!("GET {path}?{}", query.join("&")), "", b"")).may_end()
}

fn odd_verb(rng: &mut Rng, world: &World) -> Attack {
    let long = "X".repeat(5000);
    let verbs = [
        "PROPFIND", "TRACE", "OPTIONS", "HEAD", "CONNECT", "get", "PURGE", "G@T", "GET\u{0}",
        "\u{e9}", "", "*", "PUT", "PATCH", "M-SEARCH", &long,
    ];
    let verb = verbs[rng.usize(..verbs.len())];
    let path = match rng.u8(..6) {
        0 => "*",
        1 => "http://127.0.0.2/api/v2/organizations/me",
        2 => "127.0.0.2:443",
        _ => world.path(rng),
    };
    Attack::whole(world.request(&format!("{verb} {path}"), "Content-Length: 0\r\n", b"")).may_end()
}

fn repeated_header(rng: &mut Rng, world: &World) -> Attack {
    let heads = [
        "Host: other\r\n",
        "Host: a\r\nHost: b\r\n",
        "Authorization: Bearer other\r\n",
        "Authorization: Basic Og==\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n",
        "Content-Type: text/plain\r\nContent-Type: application/json\r\n",
        "Connection: keep-alive\r\n",
        "Connection: upgrade\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Expect: 100-continue\r\n",
        "Expect: 200-ok\r\n",
        "Range: bytes=0-18446744073709551615\r\n",
        "X-HTTP-Method-Override: DELETE\r\n",
        "Cookie: a=b; a=b\r\nCookie: \r\n",
        "TE: trailers, deflate;q=0.5\r\n",
        "ININ-Correlation-Id: a\r\nININ-Correlation-Id: b\r\n",
        "X-Forwarded-For: 1\r\nForwarded: for=\"_x\"\r\n",
    ];
    let head: String = (0..rng.usize(1..4))
        .map(|_| heads[rng.usize(..heads.len())])
        .collect();
    let line = format!("GET {}", world.path(rng));
    // Keep-alive is a wish that is granted: the connection is cut by us.
    let attack = Attack::broken(world.request(&line, &head, b""));
    if head.contains("Connection") {
        attack
    } else {
        Attack {
            cut: false,
            ..attack
        }
    }
}

fn header_flood(rng: &mut Rng, world: &World) -> Attack {
    let head = match rng.u8(..4) {
        0 => "X-A: b\r\n".repeat(rng.usize(90..3000)),
        1 => format!("X-A: {}\r\n", "b".repeat(rng.usize(1000..900_000))),
        2 => format!("{}: b\r\n", "A".repeat(rng.usize(1000..70_000))),
        _ => format!(
            "Authorization: Bearer {}\r\n",
            "c".repeat(rng.usize(1000..200_000))
        ),
    };
    Attack::whole(world.request(&format!("GET {}", world.path(rng)), &head, b"")).may_end()
}

/// Tokens and client secrets in every wrong form.
fn bad_credentials(rng: &mut Rng, world: &World) -> Attack {
    let long = format!("Bearer {}", "t".repeat(9000));
    let unknown = format!("Basic {}", "QTpC".repeat(3000));
    let values = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer  x",
        "bearer x",
        "Basic",
        "Basic !!!",
        "Basic Og==",
        "Basic YQ==",
        "Basic /w==",
        "Basic YTpi",
        "Digest a=b",
        "Bearer \u{e9}",
        "Bearer a b",
        "null",
        &long,
        &unknown,
    ];
    let value = values[rng.usize(..values.len())];
    let body: Vec<u8> = match rng.u8(..6) {
        0 => b"grant_type=client_credentials".to_vec(),
        1 => b"grant_type=%ff&client_id=%00&client_secret=%zz".to_vec(),
        2 => b"{\"grant_type\":\"client_credentials\"}".to_vec(),
        3 => vec![0xff; rng.usize(..2000)],
        4 => format!(
            "grant_type=client_credentials&client_id={}&client_secret=x",
            rng.u64(..)
        )
        .into_bytes(),
        _ => "a&".repeat(rng.usize(..20_000)).into_bytes(),
    };
    let line = if rng.u8(..3) == 0 {
        world.path(rng)
    } else {
        "/oauth/token"
    };
    let verb = if line == "/oauth/token" {
        "POST"
    } else {
        "GET"
    };
    let mut bytes = format!(
        "{verb} {line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: {value}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        world.host,
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(&body);
    Attack::whole(bytes)
}

/// The control API of the simulator is no more trusting; none of these may change anything.
fn control_input(rng: &mut Rng, world: &World) -> Attack {
    let names = [
        "faults",
        "audits",
        "audits/record",
        "switches",
        "permissions",
        "rate-limit",
        "integrations",
        "clients",
        "clock",
        "",
        "..",
        "%2e%2e",
        "none",
        "faults/",
        "//",
    ];
    let bodies = [
        "",
        "null",
        "[]",
        "[[[[",
        "{\"advance_seconds\": 1e308}",
        "{\"advance_seconds\": -1}",
        "{\"allowed\": -1}",
        "{\"window_seconds\": 0}",
        "{\"delay_seconds\": 1e300}",
        "{\"create_status\": \"204\"}",
        "{\"times\": 1}",
        "{\"client_id\": \"none\", \"permissions\": []}",
        "{\"route\": \"*\", \"method\": \"\\u0000\", \"times\": -1}",
        "{\"integration_id\": \"none\", \"in_error\": true}",
        "\u{0}",
        "{\"x\":",
    ];
    let body = bodies[rng.usize(..bodies.len())];
    let verb = ["POST", "PUT", "DELETE", "GET"][rng.usize(..4)];
    let line = format!("{verb} /_control/{}", names[rng.usize(..names.len())]);
    Attack::whole(world.with_json(&line, body.as_bytes())).may_end()
}

fn no_http(rng: &mut Rng, _: &World) -> Attack {
    let known: [&[u8]; 10] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        b"SSH-2.0-client\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1",
        b"\x00\x00\x00\x00",
        b"GET  /  HTTP/1.1\r\n\r\n",
        b"",
    ];
    match rng.usize(..known.len() + 5) {
        at if at < known.len() => Attack::broken(known[at].to_vec()),
        _ => {
            let bytes = (0..rng.usize(1..4000)).map(|_| rng.u8(..)).collect();
            Attack::broken(bytes)
        }
    }
}

/// A right request with a few bytes of its head changed, cut out or doubled.
fn broken_head(rng: &mut Rng, world: &World) -> Attack {
    let mut bytes = world.request(&format!("GET {}", world.path(rng)), "Accept: */*\r\n", b"");
    for _ in 0..rng.usize(1..5) {
        let at = rng.usize(..bytes.len());
        match rng.u8(..4) {
            0 => bytes[at] = rng.u8(..),
            1 => {
                bytes.remove(at);
            }
            2 => bytes.insert(at, b"\r\n\x00: \x80"[rng.usize(..6)]),
            _ => bytes.truncate(at.max(1)),
        }
    }
    Attack::broken(bytes)
}

/// Many requests at once on a connection; the last one closes it.
fn pipeline(rng: &mut Rng, world: &World) -> Attack {
    let path = world.path(rng);
    let one = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        world.host, world.token
    );
    let mut bytes = one.repeat(rng.usize(1..40)).into_bytes();
    bytes.extend(world.request(&format!("GET {path}"), "", b""));
    Attack::whole(bytes)
}
