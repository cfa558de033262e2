# SPDX-License-Identifier: Apache-2.0
"""All settings, read from the environment by typed readers that refuse bad values. The table is in docs/operating/settings.md."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from sealroom.core.keyring import load_keys
from sealroom.project import environment as env

PACKAGE = Path(__file__).resolve().parent.parent

# -- Place and keys ------------------------------------------------------------------------------------------------------
SEALROOM_DATA = env.path("SEALROOM_DATA", Path.cwd() / "data")
SEALROOM_KEYRING = load_keys(SEALROOM_DATA, dict(os.environ))
SECRET_KEY = SEALROOM_KEYRING.derive("django").hex()
SECRET_KEY_FALLBACKS = [SEALROOM_KEYRING.derive("django", key=key).hex() for key in SEALROOM_KEYRING.keys[1:]]
DEBUG = False

# -- Address -------------------------------------------------------------------------------------------------------------
SEALROOM_BASE_URL = env.base_url("SEALROOM_BASE_URL", "http://127.0.0.1:8000")
_base = urlsplit(SEALROOM_BASE_URL)
SEALROOM_SECURE = _base.scheme == "https"
ALLOWED_HOSTS = [_base.hostname or "127.0.0.1", *env.words("SEALROOM_EXTRA_HOSTS", ())]
if _base.hostname in {"127.0.0.1", "localhost", "::1"}:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"{_base.scheme}://{_base.netloc}"]
SEALROOM_TRUSTED_PROXIES = env.number("SEALROOM_TRUSTED_PROXIES", 0, least=0, most=10)
USE_X_FORWARDED_HOST = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SEALROOM_SECURE and SEALROOM_TRUSTED_PROXIES else None

# -- Rooms, floor and doors ----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_cotton.apps.SimpleAppConfig",
    "csp",
    "ninja",
    "sealroom.core",
    "sealroom.audit",
    "sealroom.mail",
    "sealroom.accounts",
    "sealroom.credits",
    "sealroom.billing",
    "sealroom.documents",
    "sealroom.access",
    "sealroom.viewing",
    "sealroom.sends",
    "sealroom.datarooms",
    "sealroom.httpkit",
    "sealroom.web",
    "sealroom.portal",
    "sealroom.api",
    "sealroom.smtp",
]
MIDDLEWARE = [
    "sealroom.httpkit.middleware.RequestId",
    "sealroom.httpkit.middleware.SecurityHeaders",
    "sealroom.web.middleware.AddInHost",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sealroom.httpkit.middleware.DatabaseBusy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "sealroom.httpkit.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "sealroom.web.middleware.Membership",
]
ROOT_URLCONF = "sealroom.project.urls"
WSGI_APPLICATION = "sealroom.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates"],  # before allauth's own, which come first among the applications
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "django.templatetags.i18n", "django.templatetags.static"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sealroom.httpkit.context.product",
            ],
        },
    }
]

# -- Data ----------------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.database("SEALROOM_DATABASE_URL", SEALROOM_DATA / "sealroom.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        # Shared by all processes and kept over a restart: limits on sign-in tries live here.
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
    }
}
SEALROOM_BLOB_STORE = "sealroom.documents.adapters.blobs.LocalBlobStore"
SEALROOM_WORKSHOP = "sealroom.documents.adapters.workshop.SandboxWorkshop"
SEALROOM_STUDIO = "sealroom.documents.adapters.ffmpeg.FfmpegStudio"
SEALROOM_CLAMD = env.daemon("SEALROOM_CLAMD")  # unix:/run/clamav/clamd.ctl or tcp:host:port; "": nothing is scanned
SEALROOM_CLAMD_TOO_LARGE = env.choice("SEALROOM_CLAMD_TOO_LARGE", "refuse", {"refuse", "pass"})
SEALROOM_SCANNER = f"sealroom.documents.adapters.{'clamd.ClamdScanner' if SEALROOM_CLAMD else 'unscanned.NoScanner'}"
SEALROOM_STAMPER = "sealroom.viewing.adapters.stamper.NumpyStamper"
SEALROOM_COUNTRY_FINDER = "sealroom.access.adapters.countries.MaxMindCountries"
SEALROOM_CERTIFICATE_PRINTER = "sealroom.access.adapters.certificate.ReportlabCertificates"
SEALROOM_GEOIP_FILE = env.file("SEALROOM_GEOIP_FILE")
SEALROOM_JOBS_BELL = "sealroom.core.jobs.adapters.polling.PollingBell"
SEALROOM_WORKER_THREADS = env.number("SEALROOM_WORKER_THREADS", 2, least=1, most=64)
SEALROOM_WEB_WORKERS = env.number("SEALROOM_WEB_WORKERS", 2, least=1, most=64)

# -- Identity ------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["sealroom.accounts.adapters.passwords.BoundedArgon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_ADAPTER = "sealroom.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 600
ACCOUNT_PASSWORD_RESET_BY_CODE_MAX_ATTEMPTS = 5
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_RATE_LIMITS = {
    # 20 codes a day with 5 tries each: a guesser needs 27 years for an even chance at one address.
    "request_login_code": "20/m/ip,3/10m/key,20/d/key",
    "reset_password": "20/m/ip,3/10m/key,20/d/key",
    "confirm_email": "1/10s/key,20/d/key",
}
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 2
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "web:send_files"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "__Host-sealroom" if SEALROOM_SECURE else "sealroom"
CSRF_COOKIE_NAME = "__Host-csrf" if SEALROOM_SECURE else "sealroom_csrf"
LANGUAGE_COOKIE_NAME = "sealroom_language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SEALROOM_SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SEALROOM_DEFAULT_PLAN = env.word("SEALROOM_DEFAULT_PLAN", "")
SEALROOM_PAYMENT_GATEWAY = env.choice("SEALROOM_PAYMENT_GATEWAY", "none", {"none", "invoice", "stripe"})
SEALROOM_GATEWAYS = {
    "none": "sealroom.billing.adapters.none.NoGateway",
    "invoice": "sealroom.billing.adapters.invoice.BankTransfer",
    "stripe": "sealroom.billing.adapters.stripe.StripeGateway",
}
SEALROOM_STRIPE_SECRET_KEY = env.word("SEALROOM_STRIPE_SECRET_KEY", "", secret=True)
SEALROOM_STRIPE_WEBHOOK_SECRET = env.word("SEALROOM_STRIPE_WEBHOOK_SECRET", "", secret=True)
SEALROOM_STRIPE_API_BASE = env.service_url("SEALROOM_STRIPE_API_BASE", "https://api.stripe.com")
if SEALROOM_PAYMENT_GATEWAY == "stripe":  # without the second, nobody could prove to be Stripe, and anybody could
    env.prefixed("SEALROOM_STRIPE_SECRET_KEY", SEALROOM_STRIPE_SECRET_KEY, ("sk_", "rk_"))
    env.prefixed("SEALROOM_STRIPE_WEBHOOK_SECRET", SEALROOM_STRIPE_WEBHOOK_SECRET, ("whsec_",))
SEALROOM_CATALOGUE = env.word("SEALROOM_CATALOGUE", "")
SEALROOM_BLOB_KEEPERS = [  # rooms above documents that keep blobs
    "sealroom.datarooms.queries.export_keys",
    "sealroom.datarooms.queries.logo_keys",
    "sealroom.viewing.queries.marked_keys",
]
SEALROOM_RIGHTS_SOURCES = {  # who keeps the rights behind a link of which kind
    "data_room": "sealroom.datarooms.queries.standing_of",
}
SEALROOM_QUOTA_COUNTERS = {  # how the rooms above billing count what a quota limits
    "data_rooms": "sealroom.datarooms.queries.rooms_used",
    "guests": "sealroom.datarooms.queries.guests_used",
    "storage_bytes": "sealroom.documents.queries.storage_used",
    "media_bytes": "sealroom.viewing.queries.media_used",
}
SEALROOM_INVOICE_PRINTER = "sealroom.billing.adapters.printer.ReportlabPrinter"
SEALROOM_INVOICE_PREFIX = env.short_word("SEALROOM_INVOICE_PREFIX", "SR-", most=12)
SEALROOM_SELLER_NAME = env.word("SEALROOM_SELLER_NAME", "")
SEALROOM_SELLER_ADDRESS = env.lines("SEALROOM_SELLER_ADDRESS")
SEALROOM_SELLER_VAT_ID = env.short_word("SEALROOM_SELLER_VAT_ID", "", most=20)
SEALROOM_SELLER_ACCOUNT = env.lines("SEALROOM_SELLER_ACCOUNT")
SEALROOM_OPEN_SIGNUP = env.flag("SEALROOM_OPEN_SIGNUP", default=True)

# -- Browser -------------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "media-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_HSTS_SECONDS = 31_536_000 if SEALROOM_SECURE else 0
SECURE_SSL_REDIRECT = False  # TLS ends at the proxy, which redirects
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "sealroom.httpkit.uploads.NamelessFileUploadHandler",
]
FILE_UPLOAD_TEMP_DIR = str(env.folder(SEALROOM_DATA / "tmp"))

# -- Words ---------------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = env.path("SEALROOM_STATIC", SEALROOM_DATA / "static")
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "sealroom.httpkit.styles.JoinedStyles",
]
SEALROOM_STYLES = {  # sheet -> the files it is joined of
    "kit/css/kit.css": [f"kit/css/{part}.css" for part in ("tokens", "base", "layout", "controls", "display", "charts")],
    "portal/css/reading.css": [f"portal/css/{part}.css" for part in ("viewer", "viewer-layers", "viewer-phone", "player")],
}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# -- Mail ----------------------------------------------------------------------------------------------------------------
SEALROOM_SMTP_URL = env.word("SEALROOM_SMTP_URL", "", secret=True)  # smtp://user:password@host:587?tls=starttls
SEALROOM_MAIL_FROM = env.word("SEALROOM_MAIL_FROM", f"Sealroom <sealroom@{_base.hostname or 'localhost'}>")
SEALROOM_SUPPORT_ADDRESS = env.word("SEALROOM_SUPPORT_ADDRESS", "support@example.com")
SEALROOM_MAIL_TRANSPORT = (
    "sealroom.mail.adapters.smtp.SmtpTransport" if SEALROOM_SMTP_URL else "sealroom.mail.adapters.outbox.OutboxTransport"
)
SEALROOM_DKIM_KEY = env.word("SEALROOM_DKIM_KEY", "", secret=True)  # PEM
SEALROOM_DKIM_DOMAIN = env.word("SEALROOM_DKIM_DOMAIN", "")
SEALROOM_DKIM_SELECTOR = env.word("SEALROOM_DKIM_SELECTOR", "")
SEALROOM_MAIL_SIGNER = "sealroom.mail.adapters.dkim.DkimSigner" if SEALROOM_DKIM_KEY else ""
SEALROOM_TEXT_RECORDS = "sealroom.mail.adapters.dns.DnsTextRecords"
SEALROOM_DNS_SERVER = env.place("SEALROOM_DNS_SERVER")  # asked in place of the machine's resolvers
SEALROOM_SUBMISSION_LISTEN = env.place("SEALROOM_SUBMISSION_LISTEN")  # STARTTLS, such as 0.0.0.0:587
SEALROOM_SUBMISSION_TLS_LISTEN = env.place("SEALROOM_SUBMISSION_TLS_LISTEN")  # TLS from the start, such as 0.0.0.0:465
SEALROOM_SUBMISSION_CERT = env.file("SEALROOM_SUBMISSION_CERT")
SEALROOM_SUBMISSION_KEY = env.file("SEALROOM_SUBMISSION_KEY")
SEALROOM_BOUNCE_SECRET = env.word("SEALROOM_BOUNCE_SECRET", "", secret=True)
SEALROOM_BOUNCE_LISTEN = env.place("SEALROOM_BOUNCE_LISTEN")  # for delivery reports, such as 0.0.0.0:25
SEALROOM_SUBMISSION_HOST = env.word("SEALROOM_SUBMISSION_HOST", _base.hostname or "localhost")
SEALROOM_SUBMISSION_MAX_BYTES = env.number("SEALROOM_SUBMISSION_MAX_BYTES", 100 * 1024**2, least=1024, most=2**32)
SEALROOM_SUBMISSION_MAX_RECIPIENTS = env.number("SEALROOM_SUBMISSION_MAX_RECIPIENTS", 100, least=1, most=1000)
SEALROOM_SUBMISSION_PER_MINUTE = env.number("SEALROOM_SUBMISSION_PER_MINUTE", 120, least=1, most=100_000)

# -- Add-ins -------------------------------------------------------------------------------------------------------------
SEALROOM_MAIL_ADDIN_ORIGIN = env.https_origin("SEALROOM_MAIL_ADDIN_ORIGIN")
if SEALROOM_MAIL_ADDIN_ORIGIN:
    ALLOWED_HOSTS.append(urlsplit(SEALROOM_MAIL_ADDIN_ORIGIN).hostname or "")
SEALROOM_OUTLOOK_SEND_MODE = env.choice("SEALROOM_OUTLOOK_SEND_MODE", "SoftBlock", {"PromptUser", "SoftBlock", "Block"})
SEALROOM_OUTLOOK_FRAME_ANCESTORS = env.frame_hosts(
    "SEALROOM_OUTLOOK_FRAME_ANCESTORS",
    [
        "https://outlook.office.com",
        "https://outlook.office365.com",
        "https://outlook.live.com",
        "https://outlook.cloud.microsoft",
        "https://*.office.com",
    ],
)
SEALROOM_OFFICE_JS = env.existing_folder("SEALROOM_OFFICE_JS")

# -- Limits (defaults of product.md 4) -----------------------------------------------------------------------------------
SEALROOM_MAX_FILE_BYTES = env.number("SEALROOM_MAX_FILE_BYTES", 2 * 1024**3, least=1, most=2**40)
SEALROOM_MAX_PAGES = env.number("SEALROOM_MAX_PAGES", 5000, least=1, most=100_000)
SEALROOM_CONVERSION_SECONDS = env.number("SEALROOM_CONVERSION_SECONDS", 120, least=1, most=3600)
SEALROOM_WEAK_SANDBOX = env.flag("SEALROOM_WEAK_SANDBOX", default=False)  # Office files, drawings, media even without walls

CSRF_FAILURE_VIEW = "sealroom.httpkit.pages.csrf_failure"
# Set by httpkit.middleware.SecurityHeaders on every response, errors included, where Django has a middleware for each.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "sealroom.core.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        # 4xx are the client's affair; they would fill the log.
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "propagate": True},
        "mail.log": {"level": "ERROR"},  # the SMTP library's; lower levels quote what programs say
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
