"""What schema.org's types and properties mean here: a type of JSON-LD is treated as the lists of this file say.

The classifier alone has a list of its own, since its weights were trained with it.
"""

import re

# what tells of an article's title, author and dates, and next what else a page may be about
ARTICLE = re.compile(
    r"article|posting|report|recipe|review(?:ed)?newsarticle|creativework|howto|course|book|videoobject|podcastepisode",
    re.I,
)
OTHER_SUBJECT = re.compile(r"page|product|event|dataset|software|service|website", re.I)

# whose text is shown where the DOM has none, the more telling first; cards, sites and breadcrumbs are not among it
SHOWN_FOR_A_SHELL = (
    re.compile(
        r"article|posting|qapage|question|recipe|howto|faqpage|product|event|course|review|movie|book", re.I
    ),
    re.compile(r"itemlist|dataset|software|service|profile|person", re.I),
    re.compile(r"business|organi[sz]ation|place|store|page", re.I),
)
# whose body, and whose description, is content even where the DOM has text
HAS_BODY = re.compile(r"article|posting|^question$|creativework", re.I)
PRODUCT = re.compile(r"^product(?:group)?$", re.I)
# shown as a name and a value
PROPERTY_VALUE = "PropertyValue"

_PAGE_TYPES = (
    "breadcrumblist collectionpage contactpoint corporation imageobject itemlist listitem "
    "organization person profilepage searchaction searchresultspage sitenavigationelement webpage "
    "website wpfooter wpheader"
)
_PLAIN_WORDS = (
    "all an and are article as at by data date detail extract fact field find following for from full "
    "get give given have in info information is iso it its item json list main me number numeric of "
    "on one only or out page please product property publication return schema string text that the "
    "their this to url value web webpage website what which with you"
)

# what surrounds the subject of a page, folded
FURNITURE = frozenset(_PAGE_TYPES.split())
# words of a prompt that ask for nothing in particular, stemmed
GENERIC = frozenset(_PLAIN_WORDS.split())

# what schemas call it, folded -> where schema.org and OpenGraph keep it; its own name is tried first
ALIASES = {
    "title": "headline name",
    "name": "headline title",
    "headline": "name title",
    "price": "offers.price offers.priceSpecification.price productpriceamount priceamount",
    "currency": "offers.priceCurrency offers.priceSpecification.priceCurrency priceCurrency "
    "productpricecurrency pricecurrency",
    "pricecurrency": "offers.priceCurrency offers.priceSpecification.priceCurrency productpricecurrency",
    "availability": "offers.availability productavailability",
    "instock": "offers.availability productavailability",
    "available": "offers.availability productavailability",
    "condition": "itemCondition offers.itemCondition",
    "seller": "offers.seller",
    "brand": "productbrand",
    "rating": "aggregateRating.ratingValue reviewRating.ratingValue",
    "ratingvalue": "aggregateRating.ratingValue reviewRating.ratingValue",
    "averagerating": "aggregateRating.ratingValue",
    "ratingcount": "aggregateRating.ratingCount",
    "reviewcount": "aggregateRating.reviewCount",
    "imageurl": "image",
    "images": "image",
    "authors": "author",
    "published": "datePublished articlepublishedtime",
    "publishedat": "datePublished articlepublishedtime",
    "publisheddate": "datePublished articlepublishedtime",
    "publicationdate": "datePublished articlepublishedtime",
    "datepublished": "articlepublishedtime",
    "modified": "dateModified articlemodifiedtime",
    "updated": "dateModified articlemodifiedtime",
    "updatedat": "dateModified articlemodifiedtime",
    "section": "articleSection articlesection",
    "tags": "keywords articletag",
    "sitename": "publisher",
    "ingredients": "recipeIngredient",
    "instructions": "recipeInstructions",
    "steps": "recipeInstructions",
    "servings": "recipeYield",
    "calories": "nutrition.calories",
    "company": "hiringOrganization",
    "employer": "hiringOrganization",
    "venue": "location",
    "cast": "actor",
    "actors": "actor",
    "phone": "telephone",
}
