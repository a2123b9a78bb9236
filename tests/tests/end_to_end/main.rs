//! The real `troupe` over folders, scripted models and real tools: crashes, faults, edits, stops and clients of others.

#[cfg(test)]
mod kill;
