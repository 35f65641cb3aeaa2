import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { startI18n } from "@/shared/i18n";
import { giveNonceToStyles, readNonce } from "@/shared/theme/nonce";
import "@/app/app.css";
import "@/app/account.css";
import "@/features/audit/audit.css";
import "@/features/people/people.css";

const nonce = readNonce();
if (nonce) giveNonceToStyles(nonce);
startI18n();
const root = document.getElementById("root");
if (!root) throw new TypeError("no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
