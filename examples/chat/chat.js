// The chat page: one client for all rooms, one room at a time on the screen.
import { connect } from "/client.js";
import { Drawer } from "./drawer.js";
import { randomName } from "./people.js";
import { Room } from "./room.js";
import { View } from "./view.js";

const firstRooms = ["lobby", "random", "help"];
const stateTexts = { open: "connected", waiting: "reconnecting" };
const roomGrammar = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);

const view = new View();
const drawer = new Drawer();
/** Where there is a keyboard, the message field has the focus; elsewhere it would call one up. */
const hasKeyboard = matchMedia("(pointer: fine)");
// Somebody is looking, so a lost connection is tried again every few seconds, not ever more rarely.
const client = connect(`${location.origin.replace(/^http/, "ws")}/ws`, { backoffMaxMs: 5000 });
const me = {
  name: sessionStorage.getItem("name") ?? "",
  /** Public id of this page's session; known once connected. */
  get id() {
    return client.member ?? "";
  },
};
/** @type {Room | undefined} */
let room;

client.on("state", ({ now, nextTryMs, error }) => {
  view.myMemberId = me.id;
  if (now === "open") view.showNotice("");
  else if (now === "closed") view.showNotice(error?.message ?? "The connection was ended.");
  else if (room !== undefined)
    view.showNotice("Connection lost. What you write is kept and sent when it is back.");
  view.showState(now, stateTexts[now] ?? now, nextTryMs);
});
client.on("error", ({ message }) => view.showNotice(message));

/** @param {string} name */
function enterRoom(name) {
  location.hash = name;
  room?.close();
  view.clear();
  room = new Room(client, name, me, view);
  const rooms = firstRooms.includes(name) ? firstRooms : [...firstRooms, name];
  view.showRooms(name, rooms, enterRoom);
  room.open().catch((cause) => {
    if (cause.code !== "cancelled") view.showNotice(`#${name} cannot be opened: ${cause.message}`);
  });
  drawer.close();
  if (hasKeyboard.matches) element("text").focus();
}

function roomOfAddress() {
  const name = decodeURIComponent(location.hash.slice(1));
  return roomGrammar.test(name) ? name : "lobby";
}

function askForName() {
  element("name").value = me.name || randomName();
  element("welcome").returnValue = "";
  element("join").textContent = room === undefined ? "Join" : "Change";
  element("welcome").showModal();
  element("name").select();
}

element("welcome").addEventListener("close", () => {
  const isCancelled = element("welcome").returnValue !== "join";
  if (isCancelled && room !== undefined) return;
  me.name = element("name").value.trim() || randomName();
  sessionStorage.setItem("name", me.name);
  view.showMe(me.name);
  if (room === undefined) enterRoom(roomOfAddress());
  else room.rename(me.name);
});

element("rename").addEventListener("click", askForName);

element("new-room").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = element("room-name");
  enterRoom(field.value);
  field.value = "";
});

const text = element("text");

text.addEventListener("input", () => room?.typed(text.value.trim() !== ""));

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  element("composer").requestSubmit();
});

// A tap on the button must not take the focus from the field, and with it the keyboard of a phone.
element("send").addEventListener("pointerdown", (event) => event.preventDefault());

element("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const said = text.value.trim();
  if (said === "" || room === undefined) return;
  text.value = "";
  void room.say(said);
});

window.addEventListener("hashchange", () => {
  if (room !== undefined && location.hash.slice(1) !== room.name) enterRoom(roomOfAddress());
});

if (me.name === "") askForName();
else {
  view.showMe(me.name);
  enterRoom(roomOfAddress());
}
