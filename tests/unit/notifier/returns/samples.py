"""Returned mail in the formats of real servers."""

from services.notifier.returns.path import return_path

SECRET = b"s" * 32
MESSAGE = "1f1d7c1e-93f6-5d0b-8a55-0c8f1b0f4a11"
PATH = return_path("bounces@laden.example", SECRET, MESSAGE)


def postfix(
    action: str = "failed", status: str = "5.1.1", said: str = "550 5.1.1 <nobody@example.org>: unknown"
) -> bytes:
    """A delivery status notification as Postfix 3 writes it."""
    text = f"""\
Return-Path: <>
Received: by mail.laden.example (Postfix) id 4F00A1F; Mon,  5 Jan 2026 09:00:02 +0000 (UTC)
Date: Mon,  5 Jan 2026 09:00:02 +0000 (UTC)
From: MAILER-DAEMON@mail.laden.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {PATH}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="C0FFEE1F.1767603602/mail.laden.example"
Message-Id: <20260105090002.4F00A1F@mail.laden.example>

This is a MIME-encapsulated message.

--C0FFEE1F.1767603602/mail.laden.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.laden.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

--C0FFEE1F.1767603602/mail.laden.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.laden.example
X-Postfix-Queue-ID: C0FFEE1F
X-Postfix-Sender: rfc822; {PATH}
Arrival-Date: Mon,  5 Jan 2026 09:00:01 +0000 (UTC)

Final-Recipient: rfc822; nobody@example.org
Original-Recipient: rfc822;nobody@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; {said}

--C0FFEE1F.1767603602/mail.laden.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <{PATH}>
From: Laden <laden@laden.example>
To: nobody@example.org
Subject: Danke
Message-ID: <{MESSAGE}@laden.example>

--C0FFEE1F.1767603602/mail.laden.example--
"""
    return text.replace("\n", "\r\n").encode()


def complaint(kind: str = "abuse") -> bytes:
    """A complaint as RFC 5965 has it, in appendix B."""
    text = f"""\
From: <abusedesk@example.com>
Date: Thu, 8 Mar 2026 17:40:36 EDT
Subject: FW: Danke
To: <fbl@laden.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP 192.0.2.1.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{PATH}>
Reported-Domain: laden.example

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

From: <laden@laden.example>
To: <Undisclosed Recipients>
Subject: Danke
Message-ID: <{MESSAGE}@laden.example>

Text
--part1_13d.2e68ed54_boundary--
"""
    return text.replace("\n", "\r\n").encode()
