"""Speed, as ratios measured side by side in one run; ``ntm-gym bench`` runs these modules.

They come with the repository, not with the wheel. Each has ``measure``, which returns a record
ready for JSON, and ``format_result``, which prints one as a Markdown table.
"""
