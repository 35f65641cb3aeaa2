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
const root = document.getElementById("root");
if (!root) throw new TypeError("no #root");
void startI18n().then(
  () =>
    createRoot(root).render(
      <StrictMode>
        <App />
      </StrictMode>,
    ),
  // Without its texts the page has no words of its own: those in the document say it.
  () => document.getElementById("unreached")?.removeAttribute("hidden"),
);
