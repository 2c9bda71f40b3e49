/**
 * Files that are dropped on a page, on their way to the screen Upload: the browser keeps them in its
 * own database meanwhile, because a page cannot hand a file to the next one.
 *
 * @module
 */

const DATABASE = "openwatts";
const STORE = "dropped";
const KEY = "files";

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Keeps files for the next page.
 *
 * @param {readonly File[]} files
 */
export async function keepFiles(files) {
  const database = await open();
  await new Promise((resolve, reject) => {
    const change = database.transaction(STORE, "readwrite");
    change.objectStore(STORE).put([...files], KEY);
    change.oncomplete = () => resolve(undefined);
    change.onerror = () => reject(change.error);
  });
  database.close();
}

/**
 * Takes the files that the page before kept; none if there are none.
 *
 * @returns {Promise<File[]>}
 */
export async function takeFiles() {
  const database = await open();
  const files = await new Promise((resolve, reject) => {
    const change = database.transaction(STORE, "readwrite");
    const request = change.objectStore(STORE).get(KEY);
    change.objectStore(STORE).delete(KEY);
    change.oncomplete = () => resolve(request.result ?? []);
    change.onerror = () => reject(change.error);
  });
  database.close();
  return files;
}

/**
 * Lets files be dropped on the link to the screen Upload (`data-drop`), which then opens with them.
 *
 * @param {HTMLElement} root
 */
export function startDrops(root) {
  /** @param {Event} event */
  const targetOf = (event) =>
    event.target instanceof Element ? event.target.closest("a[data-drop]") : null;
  root.addEventListener("dragover", (event) => {
    const target = targetOf(event);
    if (target === null) return;
    event.preventDefault();
    target.classList.add("over");
  });
  root.addEventListener("dragleave", (event) => targetOf(event)?.classList.remove("over"));
  root.addEventListener("drop", async (event) => {
    const target = targetOf(event);
    const files = [...event.dataTransfer?.files ?? []];
    if (!(target instanceof HTMLAnchorElement) || files.length === 0) return;
    event.preventDefault();
    target.classList.remove("over");
    await keepFiles(files);
    location.assign(`${target.pathname}#dropped`);
  });
}
