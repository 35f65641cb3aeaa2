import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { App as AntdApp, ConfigProvider } from "antd";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { RouterProvider } from "react-router/dom";
import { asProblem } from "@/shared/api/problem";
import { sessionQuery } from "@/shared/api/session";
import { antdLocale } from "@/shared/i18n";
import { buildTheme, type ThemeName } from "@/shared/theme/antdTheme";
import { applyCssVariables } from "@/shared/theme/cssVariables";
import { readNonce } from "@/shared/theme/nonce";
import { ThemeContext } from "@/shared/theme/useThemeName";
import { buildRouter } from "./routes";

export function buildQueryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        retry: (count, error) => count < 2 && asProblem(error).isPassing,
        refetchOnWindowFocus: true,
        staleTime: 10_000,
      },
    },
  });
  // Any 401 means that the session ended: the frame then shows the log-in and keeps the address.
  const onError = (error: unknown) => {
    if (asProblem(error).status === 401 && client.getQueryData(sessionQuery.queryKey))
      void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
  };
  client.getQueryCache().config.onError = onError;
  client.getMutationCache().config.onError = onError;
  return client;
}

const themeKey = "bk.theme";

export function App() {
  const { i18n } = useTranslation();
  const [queries] = useState(buildQueryClient);
  const [router] = useState(buildRouter);
  const [themeName, setThemeName] = useState<ThemeName>(() =>
    localStorage.getItem(themeKey) === "dark" ? "dark" : "light",
  );
  const theme = useMemo(() => buildTheme(themeName), [themeName]);
  const nonce = useMemo(readNonce, []);
  useEffect(() => applyCssVariables(themeName, document.documentElement), [themeName]);
  const locale = antdLocale(i18n.language);
  const choice = useMemo(
    () => ({
      name: themeName,
      choose: (name: ThemeName) => {
        localStorage.setItem(themeKey, name);
        setThemeName(name);
      },
    }),
    [themeName],
  );
  return (
    <ConfigProvider
      theme={theme}
      button={{ autoInsertSpace: false }}
      {...(locale ? { locale } : {})}
      {...(nonce ? { csp: { nonce } } : {})}
    >
      <ThemeContext.Provider value={choice}>
        <QueryClientProvider client={queries}>
          <AntdApp className="bk-app">
            <RouterProvider router={router} />
          </AntdApp>
        </QueryClientProvider>
      </ThemeContext.Provider>
    </ConfigProvider>
  );
}
