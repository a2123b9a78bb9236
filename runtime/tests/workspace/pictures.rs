//! Thumbnails (S1-171).

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::json;

use crate::setting::{Setting, header};

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn red(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb([200, 10, 10])))
}

#[tokio::test]
async fn a_large_picture_is_made_small() {
    let setting = Setting::new().await;
    setting.write("wide.jpg", encoded(&red(1_600, 400), ImageFormat::Jpeg));
    setting.write(
        "clear.png",
        encoded(&DynamicImage::ImageRgba8(RgbaImage::from_pixel(50, 600, Rgba([0, 0, 255, 9]))), ImageFormat::Png),
    );
    setting.write("small.webp", encoded(&red(20, 10), ImageFormat::WebP));
    for (name, more, kind, width, height) in [
        ("wide.jpg", "", "image/jpeg", 256, 64),
        ("wide.jpg", "&size=100", "image/jpeg", 100, 25),
        ("clear.png", "", "image/png", 21, 256),
        ("small.webp", "&restrict=1", "image/jpeg", 20, 10),
    ] {
        let response = setting.ask("thumbnail", name, more).send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "content-type").as_str()), (200, kind), "{name}");
        let tag = header(&response, "etag");
        let picture = image::load_from_memory(&response.bytes().await.unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), (width, height), "{name}{more}");
        let again = setting.ask("thumbnail", name, more).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(again.status(), 304);
    }
    let red =
        image::load_from_memory(&setting.ask("thumbnail", "wide.jpg", "").send().await.unwrap().bytes().await.unwrap());
    let pixel = *red.unwrap().to_rgb8().get_pixel(10, 10);
    assert!(pixel[0] > 180 && pixel[1] < 40, "{pixel:?}");
}

#[tokio::test]
async fn another_content_is_another_picture() {
    let setting = Setting::new().await;
    let ask = async || {
        let response = setting.ask("thumbnail", "a.png", "").send().await.unwrap();
        let tag = header(&response, "etag");
        (tag, image::load_from_memory(&response.bytes().await.unwrap()).unwrap().width())
    };
    setting.write("a.png", encoded(&red(40, 40), ImageFormat::Png));
    let first = ask().await;
    setting.write("a.png", encoded(&red(60, 60), ImageFormat::Png));
    let second = ask().await;
    assert_eq!((first.1, second.1), (40, 60));
    assert_ne!(first.0, second.0);
}

#[tokio::test]
async fn what_cannot_be_made_small_is_sent_as_it_is_where_it_is_small_itself() {
    let setting = Setting::new().await;
    setting.write("drawing.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
    setting.write("broken.png", "no picture");
    setting.write("icon.ico", "icon");
    setting.write("notes.txt", "words");
    for large in ["large.png", "large.txt"] {
        setting.write(large, vec![7; 3 * 1_024 * 1_024]);
    }
    let response = setting.ask("thumbnail", "drawing.svg", "").send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "image/svg+xml".to_owned()));
    assert!(header(&response, "content-security-policy").starts_with("sandbox"));
    assert!(header(&response, "content-disposition").starts_with("attachment"));
    for (name, content) in [("broken.png", "no picture"), ("icon.ico", "icon"), ("notes.txt", "words")] {
        let response = setting.ask("thumbnail", name, "").send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, content), "{name}");
    }
    for large in ["large.png", "large.txt"] {
        let (status, problem) = setting.get("thumbnail", large, "").await;
        let said =
            format!("no small picture can be made of \"{large}\"; GET /v1/workspace/content gives the file itself");
        assert_eq!((status, &problem["error"]), (400, &json!(said)), "{problem}");
    }
    for (path, status) in [("missing.png", 404), (".", 400)] {
        assert_eq!(setting.get("thumbnail", path, "").await.0, status, "{path}");
    }
    assert_eq!(setting.get("thumbnail", "icon.ico", "&size=5000").await.1["field"], json!("size"));
}

/// A PNG of a few bytes that says it has 60,000 by 60,000 pixels.
fn bomb() -> Vec<u8> {
    let mut small = encoded(&red(1, 1), ImageFormat::Png);
    small[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    small[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let mut sum = !0_u32;
    for byte in &small[12..29] {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    small[29..33].copy_from_slice(&(!sum).to_be_bytes());
    small
}

#[tokio::test]
async fn a_picture_that_would_take_all_memory_is_not_decoded() {
    let setting = Setting::new().await;
    let bytes = bomb();
    setting.write("bomb.png", &bytes);
    let response = setting.ask("thumbnail", "bomb.png", "").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.bytes().await.unwrap(), bytes, "the original, which is small");
}
