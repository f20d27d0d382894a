"""Where refresh tokens are kept: who can read them, and what happens if two write at once."""

import multiprocessing
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itwin_platform.credentials import AuthorizationCode, FileTokenStore, KeyringTokenStore, TokenStore
from itwin_platform.credentials import _stores as stores
from itwin_platform.errors import ConfigurationError, CredentialsError

KEY = "0123456789abcdef"
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such rights")


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that forgets."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked("s3cret")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def memory() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "store"


@pytest.fixture
def files(folder: Path) -> FileTokenStore:
    return FileTokenStore(folder)


@pytest.fixture(params=["files", "keyring"])
def store(
    request: pytest.FixtureRequest, files: FileTokenStore, memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> TokenStore:
    if request.param == "files":
        return files
    monkeypatch.setattr(stores, "state_folder", lambda: files._folder)
    return KeyringTokenStore()


def test_what_is_saved_is_loaded_until_it_is_deleted(store: TokenStore) -> None:
    assert store.load(KEY) is None
    store.delete(KEY)
    for token in ("first", "second one", "x" * 16384):
        store.save(KEY, token)
        assert store.load(KEY) == token
    assert store.load(KEY + "-other") is None
    store.delete(KEY)
    assert store.load(KEY) is None


def test_only_one_at_a_time_holds_the_lock(store: TokenStore) -> None:
    order: list[str] = []

    def second() -> None:
        with store.lock(KEY, 10):
            order.append("second")

    with store.lock(KEY, 10):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        with pytest.raises(CredentialsError, match="Another process has held the lock"), store.lock(KEY, 0):
            pass
        with store.lock(KEY + "-other", 0):
            order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_process_that_dies_leaves_no_lock_behind(files: FileTokenStore, folder: Path) -> None:
    program = """
import sys
from itwin_platform.credentials import FileTokenStore
with FileTokenStore(sys.argv[1]).lock(sys.argv[2], 10):
    print("locked", flush=True)
    sys.stdin.readline()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder), KEY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout
        assert process.stdout.readline().strip() == b"locked"
        with pytest.raises(CredentialsError), files.lock(KEY, 0.1):
            pass
        process.kill()
    with files.lock(KEY, 10):
        pass


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_that_was_forked_does_not_keep_the_lock(files: FileTokenStore) -> None:
    context = multiprocessing.get_context("fork")
    end = context.Event()
    with files.lock(KEY, 1):
        child = context.Process(target=end.wait, args=(30,), daemon=True)
        child.start()
    try:
        with files.lock(KEY, 1):
            pass
    finally:
        end.set()
        child.join()


@posix
def test_files_and_folder_belong_to_their_owner_alone(files: FileTokenStore, folder: Path) -> None:
    before = os.umask(0)
    try:
        with files.lock(KEY, 1):
            files.save(KEY, "token")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert {path.name for path in folder.iterdir()} == {KEY, f"{KEY}.lock"}


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610])
def test_a_file_that_others_have_rights_on_is_refused(mode: int, files: FileTokenStore, folder: Path) -> None:
    files.save(KEY, "token")
    (folder / KEY).chmod(mode)
    with pytest.raises(CredentialsError, match=r"open to other users\. Close it: chmod"):
        files.load(KEY)
    files.save(KEY, "token")  # a new file in its place
    assert files.load(KEY) == "token"


@posix
@pytest.mark.parametrize("mode", [0o750, 0o705, 0o777])
def test_a_folder_that_others_have_rights_on_is_refused(mode: int, files: FileTokenStore, folder: Path) -> None:
    files.save(KEY, "token")
    folder.chmod(mode)
    uses: list[Callable[[], object]] = [
        lambda: files.load(KEY),
        lambda: files.save(KEY, "other"),
        lambda: files.delete(KEY),
    ]
    for use in uses:
        with pytest.raises(CredentialsError, match="open to other users"):
            use()


@posix
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_what_another_user_owns_is_refused(files: FileTokenStore, folder: Path) -> None:
    files.save(KEY, "token")
    os.chown(folder / KEY, 12345, 12345)
    with pytest.raises(CredentialsError, match="owned by another user"):
        files.load(KEY)
    os.chown(folder, 12345, 12345)
    with pytest.raises(CredentialsError, match="owned by another user"):
        files.save(KEY, "token")


@posix
def test_symbolic_links_are_refused(files: FileTokenStore, folder: Path, tmp_path: Path) -> None:
    files.save(KEY, "token")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("planted")
    elsewhere.chmod(0o600)
    (folder / KEY).unlink()
    (folder / KEY).symlink_to(elsewhere)
    (folder / "planted.lock").symlink_to(elsewhere)
    with pytest.raises(CredentialsError, match="symbolic link"):
        files.load(KEY)
    with pytest.raises(CredentialsError, match="symbolic link"), files.lock("planted", 1):
        pass
    files.save(KEY, "token")
    assert elsewhere.read_text() == "planted"
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    with pytest.raises(CredentialsError, match="symbolic link"):
        FileTokenStore(link).load(KEY)


@posix
def test_what_is_no_file_is_refused_without_waiting_for_it(files: FileTokenStore, folder: Path) -> None:
    files.save("x", "token")
    os.mkfifo(folder / KEY, 0o600)
    with pytest.raises(CredentialsError, match="another kind"):
        files.load(KEY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\xff\xfe",
        b"x" * 100_000,
        b"x" * 16_385,
        b"\0" * 64,
        b"to\0ken",
        b"two\nlines",
        b"to\xc3\xa9ken",
        b"\x7f",
    ],
)
def test_a_file_that_holds_no_token_is_as_good_as_none(content: bytes, files: FileTokenStore, folder: Path) -> None:
    """A crash leaves zeros behind, an editor more than one line. The next login replaces them."""
    files.save(KEY, "token")
    (folder / KEY).write_bytes(content)
    assert files.load(KEY) is None
    files.save(KEY, "token")
    assert files.load(KEY) == "token"


@given(st.binary(max_size=200))
def test_what_is_loaded_can_always_be_sent(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    files = FileTokenStore(tmp_path_factory.mktemp("store"))
    files.save(KEY, "token")
    (files._folder / KEY).write_bytes(content)
    loaded = files.load(KEY)
    assert loaded is None or (loaded.isascii() and loaded.isprintable() and loaded in content.decode("latin-1"))


@pytest.mark.parametrize("content", [b"token\r\n", b"\xef\xbb\xbftoken", b" token "])
def test_what_an_editor_adds_does_not_matter(content: bytes, files: FileTokenStore, folder: Path) -> None:
    files.save(KEY, "other")
    (folder / KEY).write_bytes(content)
    assert files.load(KEY) == "token"


def test_a_keyring_entry_that_is_no_token_is_as_good_as_none(memory: MemoryKeyring) -> None:
    store = KeyringTokenStore()
    memory.entries["itwin-platform", KEY] = "\0\0"
    assert store.load(KEY) is None
    store.delete(KEY)
    assert not memory.entries


def test_a_folder_in_the_place_of_a_file_is_named(files: FileTokenStore, folder: Path) -> None:
    files.save("x", "token")
    (folder / KEY).mkdir()
    (folder / f"{KEY}.lock").mkdir()
    assert files.load(KEY) is None
    uses: list[Callable[[], object]] = [
        lambda: files.save(KEY, "token"),
        lambda: files.delete(KEY),
        lambda: files.lock(KEY, 0).__enter__(),
    ]
    for use in uses:
        with pytest.raises(CredentialsError) as caught:
            use()
        assert repr(str(folder / KEY))[1:-1] in str(caught.value)


@pytest.mark.parametrize("folder", ["", "a\0b", "x" * 256, "x/" * 2000, "\ud800x" * 300, 5, b"bytes"], ids=repr)
def test_what_cannot_be_a_folder(folder: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^folder .*\.$") as caught:
        FileTokenStore(folder)
    assert caught.value.__cause__ is None


@posix
@pytest.mark.parametrize("name", ["plain", "My Files", "it's", "$HOME", "-x"])
def test_the_advised_command_can_be_copied(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    store = FileTokenStore(name)
    with pytest.raises(CredentialsError) as caught:
        store.load(KEY)
    monkeypatch.chdir("/")
    subprocess.run(str(caught.value).partition("Close it: ")[2], shell=True, check=True)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CredentialsError, match="file"):
        FileTokenStore(tmp_path / "file").load(KEY)
    with pytest.raises(CredentialsError, match="Cannot use"):
        FileTokenStore(tmp_path / "file" / "store").load(KEY)


@pytest.mark.parametrize("key", ["", "..", "a/b", "a\\b", "a.lock", "x" * 65, "é"])
def test_a_key_cannot_lead_elsewhere(key: str, files: FileTokenStore) -> None:
    with pytest.raises(ValueError, match="key"):
        files.load(key)


def test_a_reader_never_sees_half_a_token(files: FileTokenStore) -> None:
    tokens = {letter * 8000 for letter in "ab"}
    files.save(KEY, "a" * 8000)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for token in tokens:
                files.save(KEY, token)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        seen = {files.load(KEY) for _ in range(500)}
    finally:
        stop.set()
        thread.join()
    assert seen <= tokens


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="they have other customs")
def test_the_default_folder_follows_the_custom_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", "relative")  # which the custom says to ignore
    FileTokenStore().save(KEY, "token")
    assert (tmp_path / ".local" / "state" / "itwin-platform" / KEY).is_file()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    FileTokenStore().save(KEY, "token")
    assert (tmp_path / "state" / "itwin-platform" / KEY).is_file()


def test_each_service_app_and_scope_has_a_refresh_token_of_its_own(files: FileTokenStore) -> None:
    keys = {
        credentials._key(credentials._service())
        for credentials in (
            AuthorizationCode("app", issuer_url="https://ims.example.org"),
            AuthorizationCode("app", issuer_url="https://other.example.org"),
            AuthorizationCode("other", issuer_url="https://ims.example.org"),
            AuthorizationCode("app", issuer_url="https://ims.example.org", scope="itwin-platform openid"),
        )
    }
    assert len(keys) == 4
    same = AuthorizationCode("app", issuer_url="https://ims.example.org/", scope="offline_access itwin-platform")
    assert same._key(same._service()) in keys


def test_a_machine_without_a_keyring_is_told_what_to_use() -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(CredentialsError, match=r"this machine has none\. Use FileTokenStore"):
            KeyringTokenStore().load(KEY)
    finally:
        keyring.set_keyring(before)


def test_a_keyring_that_is_locked_says_so_without_its_text(memory: MemoryKeyring) -> None:
    memory.locked = True
    with pytest.raises(CredentialsError, match="KeyringLocked") as caught:
        KeyringTokenStore().load(KEY)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigurationError, match=r"itwin-platform\[keyring\]"):
        KeyringTokenStore()
