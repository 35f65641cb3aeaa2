import { describe, expect, it } from "vitest";
import { checkAddress, splitAddress } from "./address";
import { bodyFrom, patchFrom } from "./CameraDrawer";

describe("a camera's address", () => {
  it.each([
    "rtsp://192.168.1.64:554/Streaming/Channels/101",
    "rtsps://cam.example/main?x=1",
    "rtsp://[2001:db8::1]:554/a",
  ])("%s is fit", (text) => expect(checkAddress(text)).toBe(""));
  it.each(["http://10.0.0.1/", "rtsp://", "10.0.0.1", "rtsp://a b/", "rtsp://host:port/"])("%s is not", (text) =>
    expect(checkAddress(text)).toBe("urlBad"),
  );
  it("loses its log-in, which may hold escaped signs and an at sign", () => {
    expect(checkAddress("rtsp://admin:pass@10.0.0.1/a")).toBe("urlUserinfo");
    expect(splitAddress("rtsp://admin:p%40ss@w@10.0.0.1:554/a?b=c")).toEqual({
      url: "rtsp://10.0.0.1:554/a?b=c",
      username: "admin",
      password: "p@ss@w",
    });
    expect(splitAddress("rtsp://10.0.0.1/mail@home")).toBeUndefined();
  });
});

describe("what the form sends", () => {
  const fields = { name: " 烹饪间 ", premises_name: "站前小学食堂", zone: "COOK", url: "rtsp://10.0.0.1/a" };
  it("has no password when none was typed, so that a kept one stays", () => {
    expect(patchFrom(fields)).toEqual({
      name: "烹饪间",
      premises_name: "站前小学食堂",
      zone: "COOK",
      url: "rtsp://10.0.0.1/a",
      sub_path: null,
      allow_basic: false,
    });
  });
  it("names the premises that was chosen from the register, or says that it was left", () => {
    expect(patchFrom(fields)).not.toHaveProperty("premises_id");
    expect(patchFrom({ ...fields, premises_id: "prm_1" })).toMatchObject({ premises_id: "prm_1" });
    expect(patchFrom({ ...fields, premises_id: null })).toMatchObject({ premises_id: null });
  });
  it("has the new log-in when one was typed", () => {
    const typed = { ...fields, username: "admin", password: "secret", sub_path: "/b" };
    expect(bodyFrom(typed)).toMatchObject({ username: "admin", password: "secret", sub_path: "/b" });
    expect(patchFrom(typed)).toMatchObject({ username: "admin", password: "secret" });
  });
});
