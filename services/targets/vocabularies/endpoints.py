"""The closed lists of words with their labels."""

from fastapi import Response

from contracts import vocabularies as words
from contracts.catalogue import Vocabularies, Vocabulary, VocabularyWord
from kernel import etags
from kernel.app import errors, router
from kernel.auth import SignedIn

vocabularies = router("/api/v1/vocabularies", tags=["Vocabularies"])


def _listed(words_: type[words.Word]) -> Vocabulary:
    members = [VocabularyWord(value=word.value, zh=word.zh, en=word.en) for word in words_]
    return Vocabulary(name=words_.__name__, about=(words_.__doc__ or "").strip(), words=members)


ALL = Vocabularies(items=[_listed(found) for found in words.ALL])


@vocabularies.get("", summary="List all vocabularies", responses=errors(), response_model=Vocabularies)
async def list_vocabularies(
    _caller: SignedIn, response: Response, if_none_match: etags.IfNoneMatch = None
) -> Vocabularies | Response:
    """Every closed list of words the API uses, with Chinese and English labels."""
    return etags.conditional(response, if_none_match, etags.of_content(ALL), ALL)
