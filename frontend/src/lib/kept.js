// Pictures that are not sent yet, kept in this browser so that they survive closing it. Encrypted under a key that the
// portal gives only to who is signed in and may open the case: what lies here is of no use to whoever comes next.
const NAME = "salpim-photos";
const STORE = "pictures";
const KEEP_MS = 72 * 3600 * 1000;

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true }));
    request.addEventListener("success", () => resolve(request.result));
    for (const name of ["error", "blocked"]) request.addEventListener(name, () => reject(request.error ?? new Error(name)));
  });
}

async function inStore(mode, work) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.addEventListener("complete", () => resolve(request?.result));
      for (const name of ["error", "abort"]) transaction.addEventListener(name, () => reject(transaction.error ?? new Error(name)));
    });
  } finally {
    database.close();
  }
}

/** Where the pictures of one case are kept. Without a key (a shared device, no safe connection) nothing is kept. */
export async function keeper(caseId, secret) {
  if (!secret || !crypto?.subtle || typeof indexedDB === "undefined") return null;
  const bytes = Uint8Array.from(atob(secret.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);

  const unseal = async (row) => {
    const data = await crypto.subtle.decrypt({ name: "AES-GCM", iv: row.iv }, key, row.data);
    return { id: row.id, view: row.view, file: new File([data], "photo", { type: row.type }) };
  };
  const forget = (id) => (id == null ? null : inStore("readwrite", (store) => store.delete(id)).catch(() => null));

  return {
    /** Keep a picture; returns its id, or null where the browser lets nothing be kept. */
    async keep(file, view) {
      try {
        const iv = crypto.getRandomValues(new Uint8Array(12));
        const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, await file.arrayBuffer());
        return await inStore("readwrite", (store) => store.add({ case: caseId, view, type: file.type, iv, data, at: Date.now() }));
      } catch {
        return null;
      }
    },
    forget,
    /** What was kept of this case and never arrived. What is too old, or cannot be opened, goes. */
    async left() {
      const found = [];
      for (const row of (await inStore("readonly", (store) => store.getAll()).catch(() => null)) ?? []) {
        if (Date.now() - row.at > KEEP_MS) await forget(row.id);
        else if (row.case === caseId) await unseal(row).then((each) => found.push(each), () => forget(row.id));
      }
      return found;
    },
  };
}
