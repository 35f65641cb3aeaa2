import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { App as AntdApp, ConfigProvider } from "antd";
import { createMemoryRouter, RouterProvider } from "react-router";
import { buildQueryClient } from "./App";
import { routes } from "./routes";

/** The whole page at that address. */
export function renderAt(address: string) {
  const router = createMemoryRouter(routes, { initialEntries: [address] });
  render(
    <ConfigProvider theme={{ hashed: false }} button={{ autoInsertSpace: false }}>
      <QueryClientProvider client={buildQueryClient()}>
        <AntdApp>
          <RouterProvider router={router} />
        </AntdApp>
      </QueryClientProvider>
    </ConfigProvider>,
  );
  return router;
}
