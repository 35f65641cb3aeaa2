from tools.clean_tree import find_strangers


def test_registry_host_folder_and_key_are_named_by_line() -> None:
    text = "ok\n'resolved': 'https://registry.npmjs.org/x'\npath = '/home/someone/x'\n-----BEGIN PRIVATE KEY-----\n"
    assert find_strangers(text) == [
        (2, "a package registry's host"),
        (3, "a folder of somebody's machine"),
        (4, "a private key"),
    ]


def test_ordinary_paths_pass() -> None:
    assert find_strangers("/api/v1/work\nGET /home\nsee the work/main idea\n") == []
