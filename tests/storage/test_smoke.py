import hashlib, os, time


def test_round(bucket, container, tmp_path):
    src = tmp_path / "src"
    (src / "a b/ü").mkdir(parents=True)
    (src / "a b/ü/x#%?&+.txt").write_bytes(b"hello")
    (src / "empty").write_bytes(b"")
    big = os.urandom(9_000_001)
    (src / "big").write_bytes(big)
    r = bucket.upload(src, "p")
    print(r)
    print(container.names(), container.client.get_blob_client("p/big").get_blob_properties().metadata)
    assert container.content("p/big") == big
    r = bucket.upload(src, "p")
    print([(o.name, o.reason) for o in r.skipped])
    assert not r.sent
    r = bucket.download("p", tmp_path / "dst")
    print(r.sent)
    assert (tmp_path / "dst/big").read_bytes() == big
    r = bucket.download("p", tmp_path / "dst")
    assert len(r.skipped) == 3
    print(bucket.list("p"))
    with bucket.open("p/big") as f:
        f.seek(8_000_000)
        assert f.read() == big[8_000_000:]
    bucket.delete(["p/big", "nope"])
    print(container.names())
    src2 = tmp_path / "s2"
    src2.mkdir()
    for i in range(2000):
        (src2 / f"{i}").write_bytes(os.urandom(20000))
    for c in (8, 16, 32):
        t = time.time()
        r = bucket.upload(src2, f"z{c}", concurrency=c)
        print(c, 2000 / (time.time() - t), "f/s")
    t = time.time()
    bucket.upload(src2, "z8")
    print("rerun", time.time() - t)
    t = time.time()
    bucket.download("z8", tmp_path / "d2")
    print("down", 2000 / (time.time() - t))
