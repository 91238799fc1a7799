use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    config::{BadFlag, Kubeconfig, certificates::Keep},
    world::{Mode, World},
};

/// Who may do everything, from the first start on: a user with a token.
#[derive(Clone)]
pub(super) struct Admin {
    token: String,
    /// Where `admin.kubeconfig` stands.
    folder: PathBuf,
    /// The folder ends with the process.
    is_temporary: bool,
}

impl std::fmt::Debug for Admin {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Admin {
    /// The token that is kept, or a new one.
    pub(super) fn kept_or_made(world: &World, keep: &Keep) -> io::Result<Self> {
        let mut random = [0; 32];
        world.dice.split("admin token").fill(&mut random);
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        match keep {
            Keep::Memory => {
                let temporary = world.process.env("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
                let folder = temporary.join(format!("weir-{}", world.dice.split("temporary folder").uuid()));
                Ok(Self { token, folder, is_temporary: true })
            }
            Keep::Folder(folder) => {
                let path = folder.join("admin.token");
                let token = match world.disk.read(&path) {
                    Ok(kept) if kept.trim_ascii().is_empty() => {
                        let text = format!("{}: expected a token, found nothing", path.display());
                        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                    }
                    Ok(kept) => String::from_utf8_lossy(&kept).trim().to_owned(),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        world.disk.replace(&path, format!("{token}\n").as_bytes(), Mode::Secret)?;
                        token
                    }
                    Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
                };
                Ok(Self { token, folder: folder.clone(), is_temporary: false })
            }
        }
    }

    /// The line of a token file.
    pub(super) fn token_line(&self) -> String {
        format!("{},{USER},,{GROUP}\n", self.token)
    }

    /// Writes `admin.kubeconfig`, unless it says already what it would say, and gives its path.
    pub(super) fn write_kubeconfig(&self, world: &World, server: &str, authority: &[u8]) -> Result<PathBuf, BadFlag> {
        let path = self.folder.join(KUBECONFIG);
        let text = Kubeconfig { server, authority, user: USER, token: &self.token }.to_yaml();
        if !world.disk.read(&path).is_ok_and(|kept| kept == text.as_bytes()) {
            let written = world.disk.replace(&path, text.as_bytes(), Mode::Secret);
            written.map_err(|error| BadFlag::new("data-dir", path.display(), error))?;
        }
        Ok(absolute(world, &path))
    }

    /// Takes a kubeconfig away that is of no use any more: the server has ended, and what it kept in memory with it.
    pub(super) fn clean_up(&self, world: &World) {
        let path = self.folder.join(KUBECONFIG);
        if self.is_temporary
            && let Err(error) = world.disk.remove(&path)
        {
            tracing::warn!(path = %path.display(), %error, "a kubeconfig is left behind");
        }
    }
}

/// The path as it is from anywhere, if the environment tells where we are.
fn absolute(world: &World, path: &Path) -> PathBuf {
    match world.process.env("PWD") {
        Some(here) if path.is_relative() => Path::new(&here).join(path.strip_prefix(".").unwrap_or(path)),
        _ => path.to_owned(),
    }
}

const KUBECONFIG: &str = "admin.kubeconfig";
const USER: &str = "admin";
const GROUP: &str = "system:masters";
