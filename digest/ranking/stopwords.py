"""English words that say nothing of a subject: they make no terms."""

_WORDS = """
a about above according across after afterwards again against all almost along already also
although always am amid among amongst an and another any anyhow anyone anything anyway
anywhere are aren around as at away back be became because become becomes becoming been before
beforehand behind being below beside besides best better between beyond both but by came can
cannot cant come comes could couldn couldnt did didn do does doesn doing don done down due
during each eg either else elsewhere enough especially etc even ever every everyone everything
everywhere except far few fewer first for former formerly from further furthermore gave get
gets getting give given gives giving go goes going gone got had hadn has hasn hasnt have haven
having he hence her here hereafter hereby herein hers herself him himself his how however ie
if in including indeed instead into is isn it its itself just keep keeps kept largely last
latter latterly least less let like likely ll ltd made mainly make makes making many may maybe
me meanwhile might mine more moreover most mostly much must mustn my myself namely nearly
neither never nevertheless next nine no nobody none nonetheless noone nor not notably nothing
now nowhere obtain obtained of off often on once one ones only onto or other others otherwise
ought our ours ourselves out over overall own particularly per perhaps please possibly put
quite rather re really recent recently regarding respectively said same say says second see
seem seemed seeming seems seen several shall shan she should shouldn show showed shown shows
since six so some somehow someone something sometimes somewhat somewhere still such take taken
takes taking ten than that the their theirs them themselves then thence there thereafter
thereby therefore therein thereof these they this those though three through throughout thru
thus to together too took toward towards two under unless unlike until up upon us use used
uses using usually various ve very via was wasn we well went were weren what whatever when
whence whenever where whereas whereby wherein wherever whether which while who whoever whole
whom whose why will with within without won would wouldn yes yet you your yours yourself
yourselves
"""

STOP_WORDS = frozenset(_WORDS.split())
