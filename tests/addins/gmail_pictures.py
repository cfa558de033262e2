# SPDX-License-Identifier: Apache-2.0
"""Pictures in mails written in Gmail: among protected words, and the small ones of signatures in forwarded mails."""

from __future__ import annotations

import base64
import io
import re

from PIL import Image

from tests.addins.gmail_browser import until
from tests.addins.gmail_stage import MAIL
from tests.addins.gmail_world import CORA, LINK, World


def copy_picture(here: World) -> None:
    """Into the clipboard, from where it is pasted with the keyboard."""
    here.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=f"https://{MAIL}")
    here.gmail.page.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(40, 40);
            canvas.getContext("2d").fillRect(0, 0, 20, 20);
            await navigator.clipboard.write([new ClipboardItem({"image/png": await canvas.convertToBlob()})]);
        }"""
    )


def picture(colour: str) -> bytes:
    """A small one."""
    kept = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(kept, "PNG")
    return kept.getvalue()


def words_are_protected(here: World) -> None:
    """The text stays behind the link, with the pictures that are ours to read; the quotation stays in the mail."""
    here.desk.given["seen.png"] = picture("red")
    gmail = here.mail("?chips=old", subject="Words", bcc=[{"email": CORA, "name": "Cora, C."}])
    gmail.page.evaluate(
        """data => {
            const body = document.querySelector("[g_editable]");
            const emoji = el("img", {"data-emoji": "☀", alt: "☀", src: "data:,"});
            body.append(el("div", {}, "The secret is ", el("b", {}, "42"), emoji));
            for (const src of [data, "/mail/u/0/?attid=seen.png", "/mail/u/0/?attid=seen.png", "/mail/u/0/?attid=gone.png",
                "https://elsewhere.test/x.png"]) body.append(el("img", {src, alt: "A plan"}));
            body.append(el("div", {class: "gmail_quote"}, "You wrote", el("img", {src: "/mail/u/0/?attid=gone.png"})));
        }""",
        "data:image/png;base64," + base64.b64encode(picture("green")).decode(),
    )
    gmail.press("words")
    assert "left out of the protected text: 1." in gmail.sees("warning", "Pictures from elsewhere")
    copy_picture(here)
    gmail.page.locator("[g_editable] b").click()
    gmail.page.keyboard.press("Control+v")
    until(lambda: gmail.page.locator("[g_editable] img[src^='blob:']").count() == 1, "the picture in the text")
    assert (len(gmail.parts("file")), here.desk.uploads) == (0, [])
    gmail.send_button().click()
    gmail.sees("problem", "A picture in the text cannot be read any more")
    assert (here.desk.mails, here.moves(), gmail.page.locator("[g_editable] > img").count()) == ([], [], 5)
    gmail.page.evaluate("() => document.querySelector('[g_editable] > img[src*=gone]').remove()")
    gmail.send_button().click()
    mail = here.left()
    assert ("The secret" in mail["body"], "You wrote" in mail["body"], "protected message" in mail["body"]) == (False, True, True)
    assert (mail["body"].index("/v/") < mail["body"].index("You wrote"), mail["body"].count("<img")) == (True, 1)
    assert here.moves() == [[-2, "gmail"]]
    words, pictures = here.do("words")
    assert re.sub("pic_\\w+", "pic", words).endswith('<img src="cid:pic" alt="A plan">' * 3)
    assert ("The secret is" in words, "☀" in words, "elsewhere" in words, pictures) == (True, True, False, 3)
    gmail.page.locator("#undo").click()
    gmail.sees("status", "protected before")
    gmail.send_button().click()
    assert LINK.findall(here.left()["body"]) == LINK.findall(mail["body"])
    assert here.moves() == []
    no_picture(here)
    no_longer_protected(here)


def no_picture(here: World) -> None:
    """What only looks like a picture is refused by the server, and the mail stays."""
    here.desk.given["false.png"] = b"no picture at all"
    gmail = here.mail(subject="False")
    here.write()
    gmail.page.evaluate("() => document.querySelector('[g_editable]').append(el('img', {src: '/mail/u/0/?attid=false.png'}))")
    gmail.send_button().click()
    gmail.sees("problem", "not one the server can show")
    assert (here.desk.mails, here.moves()) == ([], [])


def no_longer_protected(here: World) -> None:
    """A picture we put into the text becomes a file when the text is protected no more, and Gmail's when the mail is not."""
    gmail = here.mail(subject="Turned")
    here.write()
    gmail.page.locator("[g_editable]").click()
    gmail.page.keyboard.press("Control+v")
    until(lambda: gmail.page.locator("[g_editable] img").count() == 1, "the picture in the text")
    gmail.press("words")
    here.is_ready(1)
    assert gmail.page.locator("[g_editable] img").count() == 0
    gmail.press("toggle")
    until(lambda: here.desk.uploads == ["image.png"], "Gmail's own upload", pump=gmail.page)
    here.desk.uploads.clear()
    here.desk.given.clear()


def small_pictures(here: World) -> None:
    """Those of a signature stay in the forwarded mail and cost nothing, until its sender wants them protected."""
    large = b"large" * 5000
    here.desk.given |= {"image001.png": picture("blue"), "image002.jpg": large, "plan.png": picture("red")}
    for wanted, stays in ((False, ["image001.png"]), (True, [])):
        gmail = here.mail(subject="Small", attached=["image001.png", "image002.jpg", "plan.png"])
        gmail.sees("small-words", "Protect small pictures too (image001.png)")
        gmail.script(
            "(name) => document.querySelectorAll('.dL').forEach((one) => one.innerText.includes(name) && one.remove())", "image002"
        )
        if wanted:
            gmail.press("small")
        gmail.send_button().click()
        mail = here.left()
        assert (mail["attached"], mail["body"].count("<li>")) == (stays, 1 + wanted)
        assert here.moves() == [[-1 - wanted, "gmail"]]
    here.desk.given = {"here.pdf": here.desk.given["here.pdf"]}
