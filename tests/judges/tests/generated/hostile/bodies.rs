//! Bodies that no honest client sends.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use super::attack::{Attack, Maker};
use super::world::World;

/// The families of attacks by body.
pub const FAMILIES: &[(&str, Maker)] = &[
    ("huge body", huge),
    ("wrong type", wrong_type),
    ("bad UTF-8", bad_utf8),
    ("deep nesting", deep),
    ("odd JSON", odd_json),
    ("content type", content_type),
    ("broken chunks", broken_chunks),
    ("wrong length", wrong_length),
    ("slow sender", slow),
];

fn line(method: &str, path: &str) -> String {
    format!("{method} {path}")
}

/// Bodies around and far above the limit of 512,000 bytes; some above what is read at all.
fn huge(rng: &mut Rng, world: &World) -> Attack {
    let size = match rng.u8(..10) {
        0 => 17_000_000,
        1 | 2 => 4_000_000,
        3..=5 => 512_001,
        _ => rng.usize(400_000..1_500_000),
    };
    let body = match rng.u8(..4) {
        0 => vec![b' '; size],
        1 => format!("[{}1]", "1,".repeat(size / 2)).into_bytes(),
        2 => format!("{{\"name\":\"{}\"}}", "x".repeat(size)).into_bytes(),
        _ => vec![b'{'; size],
    };
    let taker = world.passing_taker(rng);
    let attack = Attack::whole(world.with_json(&line(taker.method, &taker.path), &body));
    // A sender who goes on after the refusal is cut off, and may lose the answer with it.
    if size > 16_000_000 {
        attack.may_end()
    } else {
        attack
    }
}

/// A value of no use where anything is expected.
fn junk(rng: &mut Rng) -> Value {
    match rng.u8(..15) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(i64::MIN),
        4 => json!(u64::MAX),
        5 => json!(1e308),
        6 => json!(0.1),
        7 => json!(""),
        8 => json!("\u{0}\u{7f}\u{202e}\u{fffd}"),
        9 => json!("x".repeat(rng.usize(..5000))),
        10 => json!([]),
        11 => json!([[], {}, null]),
        12 => json!({}),
        13 => json!({"$ref": "#", "type": ["string", 7], "": null}),
        _ => json!("${input.rawRequest}#if($x)#end$!{"),
    }
}

/// All places of a document, as JSON pointers.
fn places(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                places(
                    value,
                    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                    all,
                );
            }
        }
        Value::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                places(value, format!("{at}/{index}"), all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all.push(at);
}

/// A right body with up to three of its values exchanged, and now and then a field too many.
fn wrong_type(rng: &mut Rng, world: &World) -> Attack {
    let taker = world.taker(rng);
    let mut body = taker.body.clone();
    for _ in 0..rng.usize(1..=3) {
        let mut all = Vec::new();
        places(&body, String::new(), &mut all);
        let place = &all[rng.usize(..all.len())];
        if let Some(value) = body.pointer_mut(place) {
            *value = junk(rng);
        }
    }
    if let (true, Value::Object(object)) = (rng.u8(..4) == 0, &mut body) {
        object.insert(
            ["", "id", "__proto__", "\u{0}"][rng.usize(..4)].to_owned(),
            junk(rng),
        );
    }
    let body = body.to_string();
    Attack::whole(world.with_json(&line(taker.method, &taker.path), body.as_bytes()))
}

fn bad_utf8(rng: &mut Rng, world: &World) -> Attack {
    let taker = world.taker(rng);
    let mut body = taker.body.to_string().into_bytes();
    let wrong: [&[u8]; 6] = [
        b"\xff",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf5\x80\x80\x80",
        b"\xe2\x82",
        b"\x00",
    ];
    for _ in 0..rng.usize(1..=4) {
        let at = rng.usize(..body.len());
        let bytes = wrong[rng.usize(..wrong.len())];
        body.splice(at..at, bytes.iter().copied());
    }
    if rng.u8(..8) == 0 {
        body.splice(0..0, *b"\xef\xbb\xbf");
    }
    Attack::whole(world.with_json(&line(taker.method, &taker.path), &body))
}

fn deep(rng: &mut Rng, world: &World) -> Attack {
    let depth = [50, 120, 127, 128, 129, 1000, 60_000, 240_000][rng.usize(..8)];
    let (open, close) = [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")][rng.usize(..3)];
    let depth = depth.min(500_000 / (open.len() + close.len()));
    let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let taker = world.taker(rng);
    // At the top, or in the place of a value inside.
    let body = if rng.bool() {
        nested
    } else {
        let whole = taker.body.to_string();
        whole.replacen("{}", &nested, 1)
    };
    Attack::whole(world.with_json(&line(taker.method, &taker.path), body.as_bytes()))
}

fn odd_json(rng: &mut Rng, world: &World) -> Attack {
    let taker = world.taker(rng);
    let right = taker.body.to_string();
    let body = match rng.u8(..9) {
        0 => String::new(),
        1 => right[..rng.usize(..right.len())].chars().collect(),
        2 => format!("{right}{right}"),
        3 => right.replace(':', "::"),
        4 => format!("{{\"name\":1,{}", &right[1..]),
        5 => {
            ["NaN", "Infinity", "-", "01", "1e99999", "'a'", "undefined"][rng.usize(..7)].to_owned()
        }
        6 => format!("/* */ {right}"),
        7 => "\"\\ud800\"".to_owned(),
        _ => format!("{{\"version\":{}}}", "9".repeat(rng.usize(1..10_000))),
    };
    Attack::whole(world.with_json(&line(taker.method, &taker.path), body.as_bytes()))
}

fn content_type(rng: &mut Rng, world: &World) -> Attack {
    let kinds: [&str; 12] = [
        "",
        "Content-Type:\r\n",
        "Content-Type: application/xml\r\n",
        "Content-Type: text/json\r\n",
        "Content-Type: application/json; charset=utf-7\r\n",
        "Content-Type: application/json; charset=\u{fc}\r\n",
        "Content-Type: multipart/form-data\r\n",
        "Content-Type: multipart/form-data; boundary=\"\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: json/json/json\r\n",
        "Content-Type: */*\r\nContent-Encoding: gzip\r\n",
        "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
    ];
    let taker = world.taker(rng);
    let body = taker.body.to_string();
    let kind = kinds[rng.usize(..kinds.len())];
    let head = format!("{kind}Content-Length: {}\r\n", body.len());
    let (method, path) = match rng.u8(..6) {
        0 => ("POST", "/oauth/token"),
        _ => (taker.method, taker.path.as_str()),
    };
    Attack::whole(world.request(&line(method, path), &head, body.as_bytes()))
}

/// Chunked bodies with wrong sizes, or without an end.
fn broken_chunks(rng: &mut Rng, world: &World) -> Attack {
    let taker = world.passing_taker(rng);
    let head = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let flood = format!("1{}\r\na\r\n0\r\n\r\n", ";x=y".repeat(9000));
    let trailers = format!("0\r\n{}\r\n", "X-A: b\r\n".repeat(2000));
    let bodies: [&[u8]; 12] = [
        b"5\r\n{\"a\"",
        b"5\r\n{\"a\":\r\n",
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-1\r\n{}\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        b"7fffffffffffffff\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}0\r\n\r\n",
        b"2\n{}\n0\n\n",
        b"\r\n\r\n",
        b"",
        flood.as_bytes(),
        trailers.as_bytes(),
    ];
    let body = bodies[rng.usize(..bodies.len())];
    Attack::broken(world.request(&line(taker.method, &taker.path), head, body))
}

/// Lengths that are not those of the body.
fn wrong_length(rng: &mut Rng, world: &World) -> Attack {
    let taker = world.passing_taker(rng);
    let lengths = [
        "999",
        "0",
        "1",
        "-1",
        "+2",
        "0x10",
        "18446744073709551615",
        "99999999999999999999",
        "2, 2",
        "2 2",
        "",
        "1e3",
    ];
    let length = lengths[rng.usize(..lengths.len())];
    let extra = match rng.u8(..4) {
        0 => "Content-Length: 2\r\n",
        1 => "Transfer-Encoding: chunked\r\n",
        2 => "Transfer-Encoding: gzip, identity\r\n",
        _ => "",
    };
    let head = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n{extra}");
    Attack::broken(world.request(&line(taker.method, &taker.path), &head, b"{}"))
}

/// A right request that comes in small pieces; half of them never end.
fn slow(rng: &mut Rng, world: &World) -> Attack {
    let taker = world.passing_taker(rng);
    let body = taker.body.to_string();
    let mut bytes = world.with_json(&line(taker.method, &taker.path), body.as_bytes());
    let attack = if rng.bool() {
        Attack::whole(bytes)
    } else {
        bytes.truncate(rng.usize(1..bytes.len()));
        Attack::broken(bytes)
    };
    attack.slowly(rng.usize(5..20), Duration::from_millis(rng.u64(1..15)))
}
