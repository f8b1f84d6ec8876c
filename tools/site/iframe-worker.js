// A page that is opened as a file may not start workers, and the search is one: run it in a frame of the page instead.
// The generator leaves out its own shim, which another host serves, because this file has "iframe-worker" in its name.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inside = this.frame.contentWindow;
      // A worker gets copies, and so does the page: neither may change what the other one has.
      inside.postMessage = (message) => {
        const data = structuredClone(message);
        setTimeout(() => this.onmessage?.(new MessageEvent("message", { data })));
      };
      this.loaded = new Promise((resolve) => {
        const script = this.frame.contentDocument.createElement("script");
        script.src = url;
        script.onload = resolve;
        this.frame.contentDocument.body.append(script);
      });
      this.send = (data) => inside.dispatchEvent(new inside.MessageEvent("message", { data }));
    }

    postMessage(message) {
      const data = structuredClone(message);
      this.loaded.then(() => this.send(data));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
