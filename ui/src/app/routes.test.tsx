import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { aCamera, citySaying, refusal, server, session } from "@/testing/server";
import { renderAt } from "./renderAt.testing";

const noSession = http.get("*/api/v1/session", () => refusal(401, "auth.required", "请先登录。"));

function listOf(...items: ReturnType<typeof aCamera>[]) {
  return citySaying(items);
}

describe("log-in", () => {
  it("says what the server says, then goes to the page that was wanted", async () => {
    const user = userEvent.setup();
    let tries = 0;
    server.use(
      noSession,
      http.post("*/api/v1/session", async ({ request }) => {
        tries += 1;
        expect(request.headers.get("X-BK")).toBe("1");
        expect(request.headers.get("Accept-Language")).toBe("zh-CN");
        return tries === 1 ? refusal(401, "auth.wrong", "账号或密码不正确，还可再试4次。") : HttpResponse.json(session);
      }),
    );
    const router = renderAt("/devices?q=abc");
    await user.type(await screen.findByLabelText("账号"), "wang");
    await user.type(screen.getByLabelText("密码"), "secret");
    await user.click(screen.getByRole("button", { name: "登录" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("账号或密码不正确，还可再试4次。");
    await user.click(screen.getByRole("button", { name: "登录" }));
    await waitFor(() => expect(router.state.location.pathname + router.state.location.search).toBe("/devices?q=abc"));
  });
});

describe("cameras", () => {
  it("are shown with state, reason in words, and only what may be done", async () => {
    const offline = aCamera({ id: "cam_2", name: "留样间", abilities: ["camera.view", "camera.play"] });
    const main = offline.streams.main;
    if (main)
      offline.streams = { main: { ...main, state: "offline", reason: "wrong_password", recording: false }, sub: null };
    server.use(listOf(aCamera(), offline));
    renderAt("/devices");
    const row = (await screen.findByText("留样间")).closest("tr");
    if (!row) throw new Error("no row");
    expect(within(row).getByText("离线")).toBeInTheDocument();
    expect(within(row).getByText("摄像头的登录密码不对，请更新账号和密码。")).toBeInTheDocument();
    expect(within(row).queryByText("应录未录")).not.toBeInTheDocument();
    expect(within(row).queryByRole("link", { name: "实时" })).not.toBeInTheDocument();
    expect(within(row).queryByRole("button")).not.toBeInTheDocument();
    const other = screen.getByText("烹饪间1号").closest("tr");
    expect(other).toHaveTextContent(/烹饪.*在线.*4\.2Mbps.*25帧\/秒.*0\.0%.*录/);
  });

  it("are called out when one should record and does not", async () => {
    const camera = aCamera();
    if (camera.streams.main) camera.streams.main.recording = false;
    server.use(listOf(camera));
    renderAt("/devices");
    expect(await screen.findByText("应录未录")).toBeInTheDocument();
  });

  it("say why there are none, and how to add one", async () => {
    renderAt("/devices");
    expect(await screen.findByText("还没有摄像头")).toBeInTheDocument();
    expect(screen.getAllByRole("button", { name: /添加摄像头/ }).length).toBeGreaterThan(0);
  });

  it("that could not be read give the sentence, a retry and the number", async () => {
    const user = userEvent.setup();
    server.use(http.get("*/api/v1/cameras", () => refusal(403, "access.none", "没有找到该内容，或您没有查看权限。")));
    renderAt("/devices");
    const panel = await screen.findByRole("alert");
    expect(panel).toHaveTextContent("没有找到该内容，或您没有查看权限。");
    expect(panel).toHaveTextContent("编号：req_7zqk");
    server.use(listOf(aCamera()));
    await user.click(within(panel).getByRole("button", { name: "重试" }));
    expect(await screen.findByText("烹饪间1号")).toBeInTheDocument();
  });

  it("keep what was typed when the server refuses a field", async () => {
    const user = userEvent.setup();
    const sent: unknown[] = [];
    server.use(
      listOf(aCamera()),
      http.patch("*/api/v1/cameras/:id", async ({ request }) => {
        sent.push(await request.json(), request.headers.get("If-Match"));
        return refusal(422, "web.fields", "有一项填写有误。", {
          errors: [{ field: "url", code: "camera.address_not_allowed", detail: "不允许连接10.0.0.9。" }],
        });
      }),
    );
    renderAt("/devices");
    await user.click(await screen.findByRole("button", { name: /更多/ }));
    await user.click(await screen.findByText("修改"));
    const address = await screen.findByLabelText("RTSP地址");
    await user.clear(address);
    await user.type(address, "rtsp://10.0.0.9/main");
    await user.click(screen.getByRole("button", { name: "保存" }));
    expect(await screen.findByText("不允许连接10.0.0.9。")).toBeInTheDocument();
    expect(address).toHaveValue("rtsp://10.0.0.9/main");
    expect(sent[1]).toBe('"1"');
    expect(sent[0]).toMatchObject({ url: "rtsp://10.0.0.9/main", sub_path: "/sub" });
    expect(sent[0]).not.toHaveProperty("password");
    expect(sent[0]).not.toHaveProperty("username");
  });
});

describe("live", () => {
  it("never shows a tile without words", async () => {
    server.use(listOf(aCamera()));
    renderAt("/live?wall=1&c=cam_0000000000000001");
    const tile = await screen.findByRole("group", { name: /站前小学食堂 烹饪间1号/ });
    expect(within(tile).getByText(/正在连接/)).toBeInTheDocument();
    expect(within(tile).queryByText("烹饪")).not.toBeInTheDocument(); // the name says it
    await waitFor(() => expect(screen.getByText(/画面服务暂时没有响应，正在重连/)).toBeInTheDocument(), {
      timeout: 6_000,
    });
    expect(screen.getByRole("button", { name: "立即重连" })).toBeInTheDocument();
  });
});
