// Everything here is a comfort: each page does its work without it.
"use strict";

// An amount that is typed is echoed as on a cheque (人民币大写), with the balance
// that it would leave. What counts is what the server says in the next step.
const digits = "零壹贰叁肆伍陆柒捌玖";

function plain(typed) {
  const text = typed.normalize("NFKC").replace(/[,\s¥元]/g, "");
  const found = /^(\d{1,15})(?:\.(\d{1,2}))?$/.exec(text);
  return found && BigInt(found[1]) * 100n + BigInt((found[2] ?? "").padEnd(2, "0"));
}

function fen(text) {
  const [whole, part] = text.replace("-", "").split(".");
  const amount = BigInt(whole) * 100n + BigInt(part);
  return text.startsWith("-") ? -amount : amount;
}

function grouped(amount) {
  const text = String(amount < 0n ? -amount : amount).padStart(3, "0");
  const whole = text.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${amount < 0n ? "−" : ""}${whole}.${text.slice(-2)}`;
}

function number(n) {
  for (const [unit, name] of [[100000000n, "亿"], [10000n, "万"]]) {
    if (n < unit) continue;
    const rest = n % unit;
    return number(n / unit) + name + (rest ? (rest < unit / 10n ? "零" : "") + number(rest) : "");
  }
  let text = "", gap = false;
  [...String(n)].forEach((digit, i, all) => {
    if (digit !== "0") text += (gap ? "零" : "") + digits[digit] + ["", "拾", "佰", "仟"][all.length - 1 - i];
    gap = digit === "0";
  });
  return text;
}

function capital(amount) {
  const yuan = amount / 100n, jiao = amount / 10n % 10n, rest = amount % 10n;
  let text = yuan ? number(yuan) + "元" : "";
  if (jiao) text += digits[jiao] + "角";
  else if (rest && yuan) text += "零";
  return text + (rest ? digits[rest] + "分" : "整");
}

const form = document.querySelector("form.entry");
const field = form?.querySelector(".f-amount input");
const echo = form?.querySelector(".echo");
function tell() {
  const amount = plain(field.value);
  echo.hidden = !amount;
  if (!amount) return;
  echo.querySelector("[data-capital]").textContent = capital(amount);
  const after = echo.querySelector("[data-after]");
  const uses = form.querySelector("[name=commitment]:is(select)")?.value; // what is committed is not available already
  const effect = uses ? 0n : BigInt(form.dataset.effect);
  const left = fen(form.dataset.available) + effect * amount;
  after.textContent = effect === 0n ? "" : (left < 0n ? form.dataset.short : form.dataset.after).replace("{amount}", grouped(left < 0n ? -left : left));
  echo.toggleAttribute("data-short", effect !== 0n && left < 0n);
}
if (field) {
  form.addEventListener("input", tell);
  tell();
}

const print = document.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
