//! Small pictures of large ones (S1-171): decoded within limits, a few at a time, and remembered by what tells one
//! content from another.

use std::io::{BufReader, Cursor, Read as _, Seek as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use moka::future::Cache;
use tokio::sync::Semaphore;

use super::content::{Content, Facts};
use super::place::FileError;

/// The longest edge where the request says none, in pixels.
pub const EDGE: u32 = 256;

/// The longest edge that a request may say, in pixels.
pub const LONGEST_EDGE: u32 = 1_024;

/// The largest file that is decoded, in bytes.
const LARGEST_FILE: u64 = 64 * 1_024 * 1_024;

/// The most pixels an edge, and the most memory, of a picture that is decoded: 100 megapixels in colour fit.
const MOST_PIXELS: u32 = 20_000;
const MOST_MEMORY: u64 = 320 * 1_024 * 1_024;

/// An original that is not larger is sent where no smaller picture can be made of it.
const SMALL_ORIGINAL: u64 = 2 * 1_024 * 1_024;

/// How much the remembered pictures take, in bytes, and how long one is remembered after it was last asked for.
const MEMORY: u64 = 32 * 1_024 * 1_024;
const REMEMBERED: Duration = Duration::from_hours(1);

/// Pictures that are decoded at one time, since each takes much memory for a moment.
const AT_ONCE: usize = 2;

/// How good the JPEG is, of 100.
const QUALITY: u8 = 80;

/// A small picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The file.
    pub bytes: Bytes,
    /// Its media type.
    pub mime: &'static str,
}

/// What is sent for a thumbnail.
#[derive(Debug)]
pub enum Thumbnail {
    /// A small picture of it.
    Made(Picture, Facts),
    /// The file itself: no smaller picture can be made of it, and it is small.
    Original(Content),
}

/// Makes and remembers them.
#[derive(Clone)]
pub struct Thumbnails {
    made: Cache<(Facts, u32), Option<Picture>>,
    places: Arc<Semaphore>,
}

impl Default for Thumbnails {
    fn default() -> Self {
        let weight = |_: &(Facts, u32), picture: &Option<Picture>| {
            // Also what cannot be made is remembered, at the price of its key.
            picture.as_ref().map_or(64, |picture| u32::try_from(picture.bytes.len()).unwrap_or(u32::MAX))
        };
        let made = Cache::builder().max_capacity(MEMORY).weigher(weight).time_to_idle(REMEMBERED).build();
        Self { made, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Thumbnails {
    /// A picture that fits into a square of `edge` pixels.
    ///
    /// # Errors
    /// [`FileError::NoPicture`] where none can be made, and the file is too large to be sent instead.
    pub(super) async fn of(&self, content: Content, edge: u32) -> Result<Thumbnail, FileError> {
        let can_be_made = content.kind.is_image() && !content.kind.is_active() && content.facts.length <= LARGEST_FILE;
        let made = if can_be_made {
            let file = content.file.try_clone().map_err(|source| read_failed(&content.name, source))?;
            let places = Arc::clone(&self.places);
            self.made.get_with((content.facts, edge), make_in_turn(places, file, edge)).await
        } else {
            None
        };
        match made {
            Some(picture) => Ok(Thumbnail::Made(picture, content.facts)),
            None if content.facts.length <= SMALL_ORIGINAL => Ok(Thumbnail::Original(content)),
            None => Err(FileError::NoPicture(content.name)),
        }
    }
}

fn read_failed(name: &str, source: std::io::Error) -> FileError {
    FileError::Io { action: "read", path: name.to_owned(), source }
}

async fn make_in_turn(places: Arc<Semaphore>, file: std::fs::File, edge: u32) -> Option<Picture> {
    // The semaphore is never closed.
    let place = places.acquire_owned().await.ok()?;
    let work = move || {
        let picture = make(file, edge);
        drop(place);
        picture
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(picture)) => Some(picture),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a picture cannot be made smaller");
            None
        }
        // A decoder that panics does so on its own thread.
        Err(error) => {
            tracing::warn!(%error, "making a picture smaller failed");
            None
        }
    }
}

fn make(mut file: std::fs::File, edge: u32) -> Result<Picture, Box<dyn std::error::Error + Send + Sync>> {
    file.rewind()?;
    let mut reader = ImageReader::new(BufReader::new(file.take(LARGEST_FILE).into_inner())).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = smaller(DynamicImage::from_decoder(decoder)?, edge)?;
    picture.apply_orientation(orientation);
    written(&picture)
}

/// Two steps: quickly to a few times the size, then well.
fn smaller(picture: DynamicImage, edge: u32) -> Result<DynamicImage, Box<dyn std::error::Error + Send + Sync>> {
    let longest = picture.width().max(picture.height()).max(1);
    if longest <= edge {
        return Ok(picture);
    }
    let scaled = |length: u32| {
        let scaled = u64::from(length) * u64::from(edge) / u64::from(longest);
        u32::try_from(scaled).unwrap_or(edge).max(1)
    };
    let (width, height) = (scaled(picture.width()), scaled(picture.height()));
    // Eight bits a colour are what both output formats have.
    let picture = if picture.color().has_alpha() {
        DynamicImage::ImageRgba8(picture.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(picture.into_rgb8())
    };
    let mut small = DynamicImage::new(width, height, picture.color());
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new().resize(&picture, &mut small, &options)?;
    Ok(small)
}

fn written(picture: &DynamicImage) -> Result<Picture, Box<dyn std::error::Error + Send + Sync>> {
    let mut bytes = Vec::new();
    let mime = if picture.color().has_alpha() {
        DynamicImage::ImageRgba8(picture.to_rgba8()).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)?;
        "image/png"
    } else {
        JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&picture.to_rgb8())?;
        "image/jpeg"
    };
    Ok(Picture { bytes: bytes.into(), mime })
}
